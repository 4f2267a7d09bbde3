package io.plinth.deploy.dns;

import io.plinth.deploy.DeployException;
import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.GeoDnsMain;
import io.plinth.geodns.answer.AddressAliases;
import io.plinth.geodns.gdnsd.GdnsdException;
import io.plinth.geodns.gdnsd.GdnsdImport;
import io.plinth.geodns.load.Overlay;
import io.plinth.geodns.load.Registry;
import io.plinth.geodns.load.SnapshotLoader;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth dns import gdnsd CONFIG}. */
@Command(
        name = "gdnsd",
        header = "Imports gdnsd's configuration and zones.",
        description = "Writes plinth.yaml and zone files into a folder and loads them once to see that they hold. What"
                + " cannot be carried over is told line by line, with what to do about it.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:everything is written", "1:gdnsd would not take it either", "2:what is written does not load"
        })
final class GdnsdCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "gdnsd's folder, such as /etc/gdnsd, or the file config in it.")
    private Path config = Path.of("/etc/gdnsd");

    @Option(names = "--to", paramLabel = "DIR", description = "Where to write (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("imported");

    @Option(names = "--stack", paramLabel = "NAME", description = "The stack's name (default: ${DEFAULT-VALUE}).")
    private String stack = "dns";

    @Option(names = "--force", description = "Writes into a folder that has something in it.")
    private boolean force;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (!force && isUsed(folder)) {
            throw new DeployException("--to: " + folder + " is not empty (expected: a new folder, or --force)");
        }
        GdnsdImport imported;
        try {
            imported = GdnsdImport.read(config, stack);
        } catch (GdnsdException e) {
            throw new DeployException(String.valueOf(e.getMessage()));
        }
        Files.createDirectories(folder);
        Path file = imported.write(folder);
        PrintWriter out = out();
        imported.notes().forEach(out::println);
        load(file);
        out.println(file + ": " + imported.files().size() + " files, "
                + imported.notes().size() + " things to look at; start it with `plinth up " + file + "`");
        out.flush();
        return 0;
    }

    private PrintWriter out() {
        if (spec == null) {
            throw new IllegalStateException("command: called by nobody (expected: picocli)");
        }
        return spec.commandLine().getOut();
    }

    private static boolean isUsed(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return false;
        }
        try (Stream<Path> any = Files.list(folder)) {
            return any.findAny().isPresent();
        }
    }

    /** As a node would, so that every mistake of a zone file shows now. */
    private static void load(Path file) throws ConfigException {
        StackFile read = StackFiles.read(file, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
        NodeConfig node = read.stack().nodes().values().iterator().next();
        Zones zones = new SnapshotLoader(node.region(), new Registry(), AddressAliases.NONE, new SplittableRandom())
                .load(read, read.section(node, GeoDnsConfig.class), Overlay.NONE, Zones.NONE)
                .zones();
        if (!zones.broken().isEmpty()) {
            throw new ConfigException(
                    zones.broken().values().stream().flatMap(List::stream).toList());
        }
    }
}
