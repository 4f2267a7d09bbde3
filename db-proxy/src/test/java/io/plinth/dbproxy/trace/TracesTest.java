package io.plinth.dbproxy.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.DbProxyMain;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TracesTest {
    private static final String CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final String COMMENT = "/*db_driver='x',traceparent='" + CONTEXT + "',z='1'*/";

    @Test
    void theCommentAtEitherEndNamesTheCallerBeforeTheApplication() {
        String other = CONTEXT.replace('a', 'b');
        assertThat(caller("SELECT 1 " + COMMENT, other)).isEqualTo(CONTEXT);
        assertThat(caller(COMMENT + " SELECT " + "1, ".repeat(5000) + "2", "")).isEqualTo(CONTEXT);
        assertThat(caller("SELECT " + "1, ".repeat(5000) + "2 " + COMMENT, "")).isEqualTo(CONTEXT);
        assertThat(caller("SELECT 1", other)).isEqualTo(other);
    }

    @Test
    void whatIsNoContextIsNoCaller() {
        assertThat(caller("SELECT 1 /*traceparent='" + CONTEXT.substring(1) + "'*/", ""))
                .isEqualTo("null");
        assertThat(caller("SELECT 1 /*traceparent='", "")).isEqualTo("null");
        assertThat(caller("", "psql")).isEqualTo("null");
    }

    private static String caller(String sql, String application) {
        return String.valueOf(Traces.caller(sql.getBytes(StandardCharsets.UTF_8), application));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:4318", "ftp://collector/v1/traces", "http://[/v1/traces"})
    void anEndpointThatIsNoneIsReported(String endpoint, @TempDir Path state) throws Exception {
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0 }
            db-proxy:
              tracing: { endpoint: "%s" }
              databases: { shop: { shards: { s0: { primary: 127.0.0.1:5432 } } } }
            """.formatted(endpoint));
        assertThatThrownBy(() -> StackFiles.read(file, List.of(DbProxyMain.TYPE), Map.of(), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("endpoint: " + endpoint);
    }
}
