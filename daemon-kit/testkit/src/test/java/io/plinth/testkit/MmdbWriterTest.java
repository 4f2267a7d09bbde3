package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.maxmind.db.Reader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MmdbWriterTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        Path file = new MmdbWriter("Test-Country")
                .put("192.0.2.0/24", Map.of("country_code", "DE", "asn", 64_500))
                .put("192.0.2.128/25", Map.of("country_code", "FR"))
                .put("10.0.0.0/8", Map.of("country_code", "US"))
                .put("10.1.2.3/32", Map.of("name", "x".repeat(400), "wide", 5_000_000_000L, "flag", true))
                .put("2001:db8::/32", Map.of("country_code", "JP", "inner", Map.of("part", 1.5)))
                .write(folder.resolve("test.mmdb"));
        try (Reader reader = new Reader(file.toFile())) {
            assertThat(reader.getMetadata().databaseType()).isEqualTo("Test-Country");
            assertThat(country(reader, "192.0.2.1")).isEqualTo("DE");
            assertThat(country(reader, "192.0.2.200")).isEqualTo("FR");
            assertThat(country(reader, "10.1.2.4")).isEqualTo("US");
            assertThat(country(reader, "2001:db8:1::1")).isEqualTo("JP");
            Map<?, ?> wide = reader.get(InetAddress.ofLiteral("10.1.2.3"), Map.class);
            assertThat(wide.get("name")).isEqualTo("x".repeat(400));
            assertThat(wide.get("flag")).isEqualTo(true);
            assertThat(String.valueOf(wide.get("wide"))).isEqualTo("5000000000");
            Object unknown = reader.get(InetAddress.ofLiteral("192.0.3.1"), Map.class);
            assertThat(unknown).isNull();
            assertThat(reader.getRecord(InetAddress.ofLiteral("192.0.2.200"), Map.class)
                            .network()
                            .toString())
                    .endsWith("/25");
        }
    }

    @Test
    void aLongerPrefixWinsInWhateverOrder() throws IOException {
        Path file = new MmdbWriter("Test")
                .put("10.1.0.0/16", Map.of("country_code", "CH"))
                .put("10.0.0.0/8", Map.of("country_code", "US"))
                .write(folder.resolve("test.mmdb"));
        try (Reader reader = new Reader(file.toFile())) {
            assertThat(country(reader, "10.1.2.3")).isEqualTo("CH");
            assertThat(country(reader, "10.2.2.3")).isEqualTo("US");
        }
    }

    @Test
    void whatTheFormatCannotSayIsRefused() {
        assertThatThrownBy(() -> new MmdbWriter("Test").put("10.0.0.0", Map.of()))
                .hasMessageContaining("10.0.0.0");
        MmdbWriter negative = new MmdbWriter("Test").put("10.0.0.0/8", Map.of("n", -1));
        assertThatThrownBy(negative::bytes).hasMessageContaining("-1");
    }

    private static String country(Reader reader, String address) throws IOException {
        Map<?, ?> record = reader.get(InetAddress.ofLiteral(address), Map.class);
        return record == null ? "none" : String.valueOf(record.get("country_code"));
    }
}
