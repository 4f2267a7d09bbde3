package io.plinth.geodns.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.GeoDnsMain;
import io.plinth.geodns.place.GeoSource;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.testkit.MmdbWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabasesTest {
    @TempDir
    Path folder;

    private final Databases databases = new Databases();
    private long modified;

    private record Config(StackFile file, GeoDnsConfig section) {}

    private Config config(String section) throws Exception {
        Path path = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            regions: { eu: { serves: [EU] } }
            geo-dns: { %s policies: { edge: { targets: { eu: [192.0.2.1] } } } }
            nodes: { dns-1: { run: geo-dns, region: eu } }
            """.formatted(section));
        StackFile file = StackFiles.read(path, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
        return new Config(
                file, file.section(file.stack().nodes().values().iterator().next(), GeoDnsConfig.class));
    }

    private GeoSource source(Config config) {
        return databases.source(config.file(), config.section());
    }

    private Path write(String name, byte[] octets) throws Exception {
        Path file = Files.write(folder.resolve(name), octets);
        // As if time went by: the file system's clock is a coarse one.
        return Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000 + 1_000 * ++modified));
    }

    private byte[] database() throws Exception {
        Path file = folder.resolve("made");
        new MmdbWriter("Test")
                .put("203.0.113.0/24", Map.of("country_code", "DE", "more", Map.of("of", List.of(1, 2.5, "x"))))
                .put("198.51.100.0/24", Map.of("country_code", "FR"))
                .write(file);
        return Files.readAllBytes(file);
    }

    @Test
    void wrongOctetsAnywhereInTheFileNeverEndMoreThanItsUse() throws Exception {
        byte[] good = database();
        write("a.mmdb", good);
        Config config = config("database: a.mmdb,");
        assertThat(source(config).places()).isNotNull();
        int refused = 0;
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= (byte) (i % 2 == 0 ? 0x20 : 0xFF);
            write("a.mmdb", bad);
            GeoSource source = source(config);
            assertThat(source.places()).isNotNull();
            refused += source.state().startsWith("last good") ? 1 : 0;
        }
        assertThat(refused).as("of %d", good.length).isGreaterThan(100);
    }

    @Test
    void aDatabaseThatIsNoLongerNamedIsForgotten() throws Exception {
        byte[] good = database();
        write("a.mmdb", good);
        write("b.mmdb", good);
        source(config("database: a.mmdb, asn-database: b.mmdb,"));
        source(config("database: a.mmdb,"));
        write("b.mmdb", new byte[3]);
        assertThat(databases.changed()).isFalse();
        write("a.mmdb", new byte[3]);
        assertThat(databases.changed()).isTrue();
    }
}
