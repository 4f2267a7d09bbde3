package io.plinth.kit.health;

import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Shorthand;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How something is probed: {@code health: /healthz}, or the map of these keys. */
@Doc("How the health of a server is probed.")
@Shorthand("http")
public record HealthCheckConfig(
        @Doc("The path asked with GET; a TCP connect is enough where left out.") @Nullable
        String http,

        @Doc("The Host header; the server's address where left out.") @Nullable
        String host,

        @Doc("Whether the probe speaks TLS; it does not verify the certificate.") @Default("false")
        boolean tls,

        @Doc("The server name in TLS; the host where left out.") @Nullable
        String sni,

        @Doc("The port probed; the server's own where left out.") @Range(min = "1", max = "65535") @Nullable
        Integer port,

        @Doc("From one probe to the next, a tenth more or less.") @Default("2s") @Range(min = "100ms", max = "1h")
        Duration interval,

        @Doc("How long a probe may take, connecting included.") @Default("1s") @Range(min = "10ms", max = "1m")
        Duration timeout,

        @Doc("Successes in a row that bring a server back.") @Default("2") @Range(min = "1", max = "100")
        int rise,

        @Doc("Failures in a row that take it out.") @Default("3") @Range(min = "1", max = "100")
        int fall,

        @Doc("The status that counts as success.") @Default("200") @Range(min = "100", max = "599")
        int expect) {

    public HealthCheckConfig {
        if (http != null && (!http.startsWith("/") || !visible(http))) {
            throw new IllegalArgumentException("http: " + http + " (expected: a path that begins with /)");
        }
        if (host != null && !visible(host)) {
            throw new IllegalArgumentException("host: " + host + " (expected: a host name)");
        }
    }

    /** Everything at its default: a TCP connect. */
    public static HealthCheckConfig tcp() {
        return new HealthCheckConfig(
                null, null, false, null, null, Duration.ofSeconds(2), Duration.ofSeconds(1), 2, 3, 200);
    }

    /** Everything else at its default: GET of a path. */
    public static HealthCheckConfig http(String path) {
        return new HealthCheckConfig(
                path, null, false, null, null, Duration.ofSeconds(2), Duration.ofSeconds(1), 2, 3, 200);
    }

    private static boolean visible(String text) {
        return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }
}
