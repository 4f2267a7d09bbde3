package io.plinth.geodns.gdnsd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.GeoDnsMain;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GdnsdImportTest {
    @TempDir
    private Path folder = Path.of("");

    private GdnsdImport read(String config, String zone) throws Exception {
        Files.writeString(folder.resolve("config"), config);
        Files.createDirectories(folder.resolve("zones"));
        Files.writeString(folder.resolve("zones/example.com"), zone);
        return GdnsdImport.read(folder, "names");
    }

    private Vscf.Table parse(String text) throws Exception {
        return new VscfFiles().table(Files.writeString(folder.resolve("config"), text));
    }

    private GeoDnsConfig config(GdnsdImport imported) throws Exception {
        Path file = imported.write(Files.createDirectories(folder.resolve("out")));
        StackFile read = StackFiles.read(file, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
        return read.section(read.stack().nodes().values().iterator().next(), GeoDnsConfig.class);
    }

    @Test
    void theManualsExamplesOfTheLanguageMeanTheSame() throws Exception {
        for (String text : List.of(
                "options = {\n listen = [ 192.0.2.1, 192.0.2.2 ],\n}",
                "\"options\" => {\n listen => [ 192.0.2.1 192.0.2.2 ] ; old\n} # new",
                "options={listen=[192.0.2.1 192.0.2.2]}")) {
            Vscf.Table options =
                    Scope.table("options", Objects.requireNonNull(parse(text).find("options")));
            assertThat(Scope.texts("listen", Objects.requireNonNull(options.find("listen"))))
                    .containsExactly("192.0.2.1", "192.0.2.2");
        }
    }

    @Test
    void stringsMayBeQuotedAndEscaped() throws Exception {
        String text = """
            a = ex\\097mpl\\e
            "b" = "internal\\"doublequote"
            c = white\\ space
            d = braces\\{every\\[where\\]oh\\}my
            e = "\\\\==="
            f = \\092\\=\\=\\=
            """;
        assertThat(parse(text).entries().values().stream().map(value -> ((Vscf.Text) value).text()))
                .containsExactly(
                        "example",
                        "internal\"doublequote",
                        "white space",
                        "braces{every[where]oh}my",
                        "\\===",
                        "\\===");
    }

    @Test
    void mistakesAreToldWithFileAndLine() {
        assertThatThrownBy(() -> parse("a = 1\nb 2")).hasMessageContaining("config:2: key: b (expected: =>");
        assertThatThrownBy(() -> parse("a = [ 1")).hasMessageContaining("end of file (expected: a string)");
        assertThatThrownBy(() -> parse("a = \"1")).hasMessageContaining("(expected: a closing quote)");
        assertThatThrownBy(() -> parse("a = 1 a = 2")).hasMessageContaining("key: a twice (expected: once)");
        assertThatThrownBy(() -> parse("a = \\999")).hasMessageContaining("escape: \\999");
        assertThatThrownBy(() -> parse("$include{none}")).hasMessageContaining("include: none (expected: a file");
        assertThatThrownBy(() -> parse("$include{config}")).hasMessageContaining("depth: more than 64");
        assertThatThrownBy(() -> parse("a = " + "[".repeat(100))).hasMessageContaining("depth: more than 64");
        assertThatThrownBy(() -> parse("a = { b = 1 } }")).hasMessageContaining("(expected: a string)");
    }

    @Test
    void includesMayBeFilesPatternsAndFolders() throws Exception {
        Path more = Files.createDirectory(folder.resolve("more"));
        Files.writeString(more.resolve("1.cfg"), "b = 2");
        Files.writeString(more.resolve("2.cfg"), "c = 3");
        Files.writeString(folder.resolve("list"), "[ x y ]");
        assertThat(parse("a = 1, $include{more/*.cfg}").entries()).containsOnlyKeys("a", "b", "c");
        assertThat(parse("$include{ \"more\" } a = 1").entries()).containsOnlyKeys("a", "b", "c");
        assertThat(Scope.texts(
                        "a", Objects.requireNonNull(parse("a = $include{list}").find("a"))))
                .containsExactly("x", "y");
    }

    /** Whatever is cut or changed, it is an exception of ours or a value. */
    @Test
    void aBrokenFileIsToldNotThrown() throws Exception {
        byte[] whole = Objects.requireNonNull(GdnsdImportTest.class.getResourceAsStream("/gdnsd/config"))
                .readAllBytes();
        SplittableRandom random = new SplittableRandom(6);
        for (int i = 0; i < 500; i++) {
            byte[] some = Arrays.copyOf(whole, random.nextInt(whole.length));
            for (int change = random.nextInt(4); change > 0 && some.length > 0; change--) {
                some[random.nextInt(some.length)] = (byte) "{}[]=,\"\\;#$ \n\u00ff".charAt(random.nextInt(14));
            }
            try {
                Files.write(folder.resolve("config"), some);
                assertThat(new VscfFiles().table(folder.resolve("config")).entries())
                        .isNotNull();
            } catch (GdnsdException e) {
                assertThat(e).hasMessageContaining("(expected: ");
            }
        }
    }

    private static final String ZONE = "@ SOA a b 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";

    @Test
    void everyKindOfCheckIsCarried() throws Exception {
        GeoDnsConfig config = config(read(
                """
                service_types => {
                  web => { plugin => http_status, vhost => www.example.com, url_path => /up, ok_codes => [ 200, 301 ],
                           interval => 8, timeout => 3, up_thresh => 4, down_thresh => 5 }
                  tcp => { plugin => tcp_connect, port => 25 }
                  cmd => { plugin => extmon, cmd => [ /bin/probe, "%%ITEM%%:443" ], max_proc => 7, direct => true }
                  file => { plugin => extfile, file => states }
                }
                plugins => { multifo => {
                  a => { service_types => web, x => 192.0.2.1 }, b => { service_types => tcp, x => 192.0.2.1 }
                  c => { service_types => cmd, x => 192.0.2.1 }, d => { service_types => file, x => 192.0.2.1 }
                  e => { service_types => down, x => 192.0.2.1 }, f => { service_types => up, x => 192.0.2.1 }
                } }
                """,
                ZONE
                        + Stream.of("a", "b", "c", "d", "e", "f")
                                .map(name -> name + " 60/5 DYNA multifo!" + name + "\n")
                                .reduce("", String::concat)));
        assertThat(config.limits().commands()).isEqualTo(7);
        assertThat(Objects.requireNonNull(config.policies().get("a")).health()).satisfies(check -> {
            assertThat(check.toString())
                    .contains("http=/up", "host=www.example.com", "port=80", "interval=PT8S", "timeout=PT3S")
                    .contains("rise=4", "fall=5", "expect=200,301");
        });
        assertThat(String.valueOf(
                        Objects.requireNonNull(config.policies().get("b")).health()))
                .contains("port=25", "interval=PT10S", "timeout=PT5S", "rise=20", "fall=10");
        assertThat(String.valueOf(
                        Objects.requireNonNull(config.policies().get("c")).health()))
                .contains("command=[/bin/probe, {address}:443]", "rise=1", "fall=1");
        assertThat(String.valueOf(
                        Objects.requireNonNull(config.policies().get("d")).health()))
                .contains("file=/var/lib/gdnsd/extfile/states");
        assertThat(String.valueOf(
                        Objects.requireNonNull(config.policies().get("e")).health()))
                .contains("/bin/false");
        assertThat(Objects.requireNonNull(config.policies().get("f")).health()).isNull();
        assertThat(Objects.requireNonNull(config.policies().get("f")).ttl()).hasSeconds(60);
        assertThat(Objects.requireNonNull(config.policies().get("f")).minTtl()).hasSeconds(5);
    }

    @Test
    void whatCannotBeCarriedIsToldLineByLine() throws Exception {
        GdnsdImport imported =
                read("""
                    options => {
                      listen => [ 192.0.2.1, "[2001:db8::1]:5353" ]
                      cookie_key_file => /etc/key
                      max_nocookie_response => 512
                      nonsense => 1
                    }
                    service_types => { web => { plugin => http_status, ok_thresh => 9, wrong => 1 }, two => { plugin => tcp_connect, port => 1 } }
                    plugins => {
                      weighted => { w => {
                        multi => true
                        a => [ 192.0.2.1, 1 ], b => [ 192.0.2.2, 9 ] } }
                      multifo => {
                        m => { service_types => [ web, two ]
                          x => 192.0.2.1 } }
                      geoip => { maps => { far => { datacenters => [ a ], ignore_ecs => true,
                          nets => { ::C612:0000/112 => a } } }
                        resources => { g => { map => far, dcmap => { a => 192.0.2.9 } } } }
                    }
                    """, ZONE + "w DYNA weighted!w\nm 5m DYNA multifo!m\nr DYNA reflect\ng DYNA geoip!g\n");
        assertThat(imported.notes().stream()
                        .map(note -> note.substring(folder.toString().length() + 1)))
                .containsExactly(
                        "config:10: multi: all that is up is answered, whatever its weight",
                        "config:13: service_types [web, two]: web alone (a target is probed in one way; a `command` may"
                                + " try several)",
                        "config:7: web.ok_thresh: one success is enough here to forget the failures before it",
                        "config:7: web.wrong: left out (nothing here is like it)",
                        "zones/example.com:6: reflect: left out (`plinth explain dns` tells what is seen of a client)",
                        "config:15: ignore_ecs: left out (the client's subnet counts for every policy)",
                        "config:3: options.cookie_key_file: left out (put a secret of 32 hex digits, the same on all"
                                + " nodes, into geo-dns.cookies.secrets)",
                        "config:4: options.max_nocookie_response: left out (see geo-dns.rate-limit and"
                                + " geo-dns.cookies.require)",
                        "config:5: options.nonsense: left out (nothing here is like it)",
                        "config:2: listen: a node for each address (one node at 0.0.0.0 listens on all there are)");
        assertThat(imported.files().get("zones/example.com.zone"))
                .contains("w\tPOLICY\tw\n", "m\tPOLICY\tm\n", "; r DYNA reflect\n");
        assertThat(imported.files().get("networks/g.networks")).isEqualTo("198.18.0.0/16 a\n");
        GeoDnsConfig config = config(imported);
        assertThat(Objects.requireNonNull(config.policies().get("m")).ttl()).hasSeconds(300);
        assertThat(Objects.requireNonNull(config.policies().get("w")).ttl()).hasSeconds(86_400);
    }

    @Test
    void whatIsLeftOutTakesNoRecordsOfItsOwnerWithIt() throws Exception {
        GdnsdImport imported = read(
                "",
                ZONE + "before A 192.0.2.1\nr DYNA reflect\n A 192.0.2.2\n TXT x\n"
                        + "s 300 (\n DYNA\n reflect )\n\tDYNA reflect ; again\n AAAA 2001:db8::1\nafter A 192.0.2.3\n"
                        + " DYNA reflect\n TXT y\n");
        assertThat(imported.files().get("zones/example.com.zone"))
                .endsWith("before A 192.0.2.1\n; r DYNA reflect\nr A 192.0.2.2\n TXT x\n"
                        + "; s 300 (\n;  DYNA\n;  reflect )\n; \tDYNA reflect ; again\ns AAAA 2001:db8::1\n"
                        + "after A 192.0.2.3\n;  DYNA reflect\n TXT y\n");
    }

    @Test
    void wrongReferencesAreMistakes() {
        assertThatThrownBy(() -> read("", ZONE + "w DYNA multifo!w\n"))
                .isInstanceOf(GdnsdException.class)
                .hasMessageContaining("example.com:4: resource: multifo!w (expected: one of [])");
        assertThatThrownBy(() -> read("plugin => {}", ZONE)).hasMessageContaining("key: plugin (expected: options,");
        assertThatThrownBy(
                        () -> read("plugins => { multifo => { w => { a => nowhere } } }", ZONE + "w DYNA multifo!w\n"))
                .hasMessageContaining("address: nowhere (expected: an IP address, or a name that ends with a dot)");
    }

    @Test
    void withoutAConfigFileTheZonesAloneAreCarried() throws Exception {
        Files.createDirectories(folder.resolve("zones"));
        Files.writeString(
                folder.resolve("zones/0@25.2.0.192.in-addr.arpa"), "@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.1\n");
        GdnsdImport imported = GdnsdImport.read(folder, "names");
        assertThat(imported.files()).containsOnlyKeys("zones/0@25.2.0.192.in-addr.arpa.zone");
        assertThat(config(imported).zones()).containsOnlyKeys("0/25.2.0.192.in-addr.arpa.");
    }

    @Test
    void aFileThatIsNotThereIsAMistake() {
        assertThatThrownBy(() -> GdnsdImport.read(folder.resolve("none/config"), "names"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("zones");
    }
}
