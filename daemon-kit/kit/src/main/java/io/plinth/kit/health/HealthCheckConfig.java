package io.plinth.kit.health;

import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Shorthand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How something is probed: {@code health: /healthz}, or the map of these keys. */
@Doc("How the health of a server is probed: by one of `http`, `grpc`, `command` and `file`, else by a TCP connect.")
@Shorthand("http")
public record HealthCheckConfig(
        @Doc("The path asked with GET.") @Nullable String http,

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

        @Doc("The HTTP status that counts as success, or several: `200`, `200,301`, `200-399`.") @Default("200")
        String expect,

        @Doc("What the body of the HTTP answer has in it, among its first 64 KiB.") @Nullable
        String body,

        @Doc("The service asked for in grpc.health.v1.Health/Check, over HTTP/2; \"\" for the server as a whole.")
        @Nullable
        String grpc,

        @Doc("A program and its arguments, run without a shell; it says by its exit status 0 that the server is up."
                + " `{address}` and `{port}` in an argument become the server's. Killed after the timeout.")
        List<String> command,

        @Doc("A file that says what is up, a line each: `192.0.2.1 => UP`, `DOWN`, `UP/30` with the seconds for which"
            + " that holds, `UP 50` with a weight in percent. Looked at every interval; what it does not name is up."
            + " With `rise: 1` and `fall: 1` it counts as it is.")
        @Nullable
        String file) {

    private static final int STATUS_MIN = 100;
    private static final int STATUS_MAX = 599;

    public HealthCheckConfig {
        if (http != null && (!http.startsWith("/") || !visible(http))) {
            throw new IllegalArgumentException("http: " + http + " (expected: a path that begins with /)");
        }
        if (host != null && !visible(host)) {
            throw new IllegalArgumentException("host: " + host + " (expected: a host name)");
        }
        if (grpc != null && !visible(grpc)) {
            throw new IllegalArgumentException("grpc: " + grpc + " (expected: a service such as shop.v1.Carts)");
        }
        command = List.copyOf(command);
        long kinds = Stream.of(http != null, grpc != null, !command.isEmpty(), file != null)
                .filter(kind -> kind)
                .count();
        if (kinds > 1) {
            throw new IllegalArgumentException(
                    "health: " + kinds + " kinds of probe (expected: one of http, grpc, command, file)");
        }
        if (body != null && http == null) {
            throw new IllegalArgumentException("body: " + body + " (expected: `http` beside it)");
        }
        ranges(expect);
    }

    /** Everything at its default: a TCP connect. */
    public static HealthCheckConfig tcp() {
        return http(null);
    }

    /** Everything else at its default: GET of a path. */
    public static HealthCheckConfig http(@Nullable String path) {
        return new HealthCheckConfig(
                path,
                null,
                false,
                null,
                null,
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                2,
                3,
                "200",
                null,
                null,
                List.of(),
                null);
    }

    /** Whether a status counts as success. */
    public boolean expects(int status) {
        return ranges(expect).stream().anyMatch(range -> range[0] <= status && status <= range[1]);
    }

    /** The same with its file, and a command that is a relative path, taken from {@code folder} on. */
    public HealthCheckConfig in(Path folder) {
        List<String> run = command;
        if (!run.isEmpty() && run.getFirst().indexOf('/') >= 0) {
            run = Stream.concat(
                            Stream.of(folder.resolve(run.getFirst()).toString()),
                            run.stream().skip(1))
                    .toList();
        }
        String there = file == null ? null : folder.resolve(file).toString();
        return new HealthCheckConfig(
                http, host, tls, sni, port, interval, timeout, rise, fall, expect, body, grpc, run, there);
    }

    /** Whether it is found out without a connection of the loop's. */
    public boolean isAside() {
        return file != null || !command.isEmpty();
    }

    /** Whether nothing foretells a change: a file's word that counts at once. */
    boolean isDirect() {
        return file != null && rise == 1 && fall == 1;
    }

    private static List<int[]> ranges(String expect) {
        return Stream.of(expect.split(",", -1)).map(part -> range(expect, part)).toList();
    }

    private static int[] range(String expect, String part) {
        String[] ends = part.strip().split("-", -1);
        if (Stream.of(ends).allMatch(end -> end.matches("\\d{3}")) && ends.length <= 2) {
            int low = Integer.parseInt(ends[0]);
            int high = Integer.parseInt(ends[ends.length - 1]);
            if (STATUS_MIN <= low && low <= high && high <= STATUS_MAX) {
                return new int[] {low, high};
            }
        }
        throw new IllegalArgumentException(
                "expect: " + expect + " (expected: statuses of 100 to 599, as 200 or 200,301 or 200-399)");
    }

    private static boolean visible(String text) {
        return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }
}
