package io.plinth.deploy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.deploy.Plinth;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GdnsdCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void config() throws Exception {
        Files.createDirectories(folder.resolve("gdnsd/zones"));
        Files.writeString(folder.resolve("gdnsd/config"), """
            options => { listen => 127.0.0.1, chaos_response => hello }
            plugins => { simplefo => { pair => { primary => 192.0.2.1, secondary => 192.0.2.2 } } }
            """);
        zone("www 60/30 DYNA simplefo!pair\n");
    }

    private void zone(String records) throws Exception {
        Files.writeString(
                folder.resolve("gdnsd/zones/example.com"), "@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.1\n" + records);
    }

    private int plinth(String... arguments) {
        CommandLine line = Plinth.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(arguments);
    }

    private int run(String... more) {
        String[] all = new String[6 + more.length];
        System.arraycopy(
                new String[] {
                    "dns",
                    "import",
                    "gdnsd",
                    folder.resolve("gdnsd").toString(),
                    "--to",
                    folder.resolve("out").toString()
                },
                0,
                all,
                0,
                6);
        System.arraycopy(more, 0, all, 6, more.length);
        return plinth(all);
    }

    @Test
    void writesAStackThatLoadsAndTellsWhatIsLost() throws Exception {
        assertThat(run("--stack", "names")).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("config:1: options.chaos_response: left out (queries of class CH are refused)")
                .contains("1 files, 1 things to look at");
        assertThat(Files.readString(folder.resolve("out/plinth.yaml"))).startsWith("stack: names\n");
        assertThat(Files.readString(folder.resolve("out/zones/example.com.zone")))
                .contains("www\tPOLICY\tpair\n");
        assertThat(plinth("check", folder.resolve("out/plinth.yaml").toString()))
                .isZero();
    }

    @Test
    void aFolderInUseIsLeftAlone() {
        assertThat(run()).isZero();
        assertThat(run()).isEqualTo(1);
        assertThat(err.toString()).contains("is not empty (expected: a new folder, or --force)");
        assertThat(run("--force")).isZero();
    }

    @Test
    void mistakesExitWithALineThatSaysWhere() throws Exception {
        zone("www DYNA simplefo!other\n");
        assertThat(run()).isEqualTo(1);
        assertThat(err.toString()).contains("example.com:4: resource: simplefo!other (expected: one of [pair])");
        zone("www A 192.0.2.300\n");
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).contains("address: 192.0.2.300 (expected: an IPv4 address");
    }
}
