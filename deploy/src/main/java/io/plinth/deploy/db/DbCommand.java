package io.plinth.deploy.db;

import io.plinth.dbproxy.migrate.PgBouncerFile;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth db}. */
@Command(name = "db", header = "Helps with database proxies.", mixinStandardHelpOptions = true)
public final class DbCommand implements Runnable {
    /** Whose files can be read. */
    enum Source {
        pgbouncer
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        spec().commandLine().usage(spec().commandLine().getOut());
    }

    @Command(
            name = "import",
            header = "Prints the sections db-proxy and nodes that mean what another pooler's file says.",
            description = "What cannot be taken over follows as comments, each with its line.",
            mixinStandardHelpOptions = true)
    int take(
            @Parameters(paramLabel = "KIND", description = "Whose file: ${COMPLETION-CANDIDATES}") Source source,
            @Parameters(paramLabel = "FILE") Path file,
            @Option(
                            names = "--secrets-below",
                            paramLabel = "DIR",
                            description = "Writes the passwords too, below the folder where the new file will be.")
                    @Nullable
                    Path folder)
            throws IOException, DeployException {
        PgBouncerFile.Result result;
        try {
            result = PgBouncerFile.read(file);
        } catch (IllegalArgumentException e) {
            throw new DeployException(String.valueOf(e.getMessage()));
        }
        Map<String, Object> node = new LinkedHashMap<>();
        node.put("run", "db-proxy");
        node.put("port", result.port());
        Map<String, Object> sections = new LinkedHashMap<>();
        sections.put("db-proxy", result.section());
        sections.put("nodes", Map.of("db", node));
        PrintWriter out = spec().commandLine().getOut();
        out.print(new Dump(DumpSettings.builder()
                        .setDefaultFlowStyle(FlowStyle.BLOCK)
                        .build())
                .dumpToString(sections));
        for (Map.Entry<String, String> secret : result.secrets().entrySet()) {
            if (folder == null) {
                out.println("# " + secret.getKey() + ": to be written, or ask for it with --secrets-below");
            } else {
                write(folder.resolve(secret.getKey()), secret.getValue());
            }
        }
        result.notes().forEach(note -> out.println("# " + note));
        out.flush();
        return 0;
    }

    /** Readable by nobody else from its first byte on; what is there already is not touched. */
    private static void write(Path path, String secret) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(path, secret, StandardOpenOption.WRITE);
    }

    private CommandSpec spec() {
        CommandSpec found = spec;
        if (found == null) {
            throw new IllegalStateException("db command without its specification");
        }
        return found;
    }
}
