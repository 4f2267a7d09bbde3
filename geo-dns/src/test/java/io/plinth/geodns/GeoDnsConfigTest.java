package io.plinth.geodns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.plinth.kit.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeoDnsConfigTest {
    @TempDir
    Path folder = Path.of("");

    private GeoDnsConfig read(String section) throws Exception {
        Path file = TestNode.write(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", section);
        var stack = TestNode.load(file);
        return stack.section(stack.stack().nodes().values().iterator().next(), GeoDnsConfig.class);
    }

    private List<String> problems(String section) {
        ConfigException exception = catchThrowableOfType(ConfigException.class, () -> read(section));
        assertThat(exception).as("problems of %s", section).isNotNull();
        return exception.problems().stream()
                .map(problem -> problem.line() + ":" + problem.column() + " " + problem.message())
                .toList();
    }

    @Test
    void defaultsAreTheDocumentedOnes() throws Exception {
        GeoDnsConfig config = read("zones: { shop.example: shop.example.zone }\n");
        assertThat(config.udp()).isEqualTo(new GeoDnsConfig.Udp(1232, GeoDnsConfig.Datagrams.NATIVE));
        assertThat(config.tcp().connections()).isEqualTo(1000);
        assertThat(config.tcp().idle()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.databaseKey()).isNull();
        assertThat(config.database()).isNull();
        assertThat(config.policies()).isEmpty();
    }

    @Test
    void theDesignsExampleIsRight() throws Exception {
        GeoDnsConfig config = read("""
            zones: { shop.example: zones/shop.example.zone }
            policies:
              edge: { by: geo, targets: { eu: [192.0.2.10], us: [198.51.100.10] }, health: { http: /healthz } }
            """);
        assertThat(config.policies()).containsOnlyKeys("edge");
    }

    @Test
    void everyDanglingReferenceIsReportedWhereItStands() {
        assertThat(problems("""
            zones:
              shop.example: shop.example.zone
              bad..name: x
            policies:
              edge:
                names: [www.shop.example, www.other.example]
                targets: { eu: [192.0.2.10], mars: [192.0.2.300] }
                default: us
              twin:
                names: [WWW.shop.example]
                targets: { eu: [] }
              empty: {}
            """))
                .anySatisfy(p -> assertThat(p).contains("name: bad..name (expected: labels"))
                .anySatisfy(p -> assertThat(p).contains("`www.other.example` (expected: in one of the zones"))
                .anySatisfy(p -> assertThat(p).contains("no region `mars` (expected: one of eu, us)"))
                .anySatisfy(p -> assertThat(p).contains("target `192.0.2.300` (expected: an IPv4"))
                .anySatisfy(p -> assertThat(p).contains("no targets for region `us` (expected: one of eu, mars)"))
                .anySatisfy(p -> assertThat(p).contains("`WWW.shop.example` twice"))
                .anySatisfy(p -> assertThat(p).contains("no addresses"))
                .anySatisfy(p -> assertThat(p).contains("no targets (expected: `targets"))
                .hasSize(8);
    }

    @Test
    void aRegionThatServesNothingKnownIsReported() throws Exception {
        Path file = TestNode.write(
                folder,
                "eu: { serves: [Europe] }\n",
                "zones: {}\npolicies: { edge: { targets: { eu: [192.0.2.1] } } }\n");
        ConfigException exception = catchThrowableOfType(ConfigException.class, () -> TestNode.load(file));
        assertThat(exception).hasMessageContaining("region `eu` serves `Europe` (expected: a continent");
        assertThat(Files.exists(file)).isTrue();
    }
}
