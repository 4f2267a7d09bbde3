package io.plinth.kvcache.loader;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Secret;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A source of values. */
@Doc("Where values come from that are not in the cache, and where written ones go: an HTTP endpoint or PostgreSQL.")
public record LoaderConfig(
        @Doc("An HTTP URL with `{key}` (what follows the pattern's prefix, percent-encoded) or `{name}` (the whole"
                + " key): GET asks for a value (404 and 410: there is none), PUT hands one on, DELETE removes it.")
        @Nullable
        String http,

        @Doc("What goes into the header `Authorization`.") @Nullable
        Secret authorization,

        @Doc("PostgreSQL, instead of `http`.") @Nullable SqlConfig postgres,

        @Doc("How long one question may take.") @Default("2s") @Range(min = "10ms", max = "10m")
        Duration timeout,

        @Doc("How long a question has the right to fill its key, its wait for a turn included: then readers who"
                + " wait get no answer, the next one asks anew, and what still comes is dropped."
                + " `timeout` where that is longer.")
        @Default("30s")
        @Range(min = "10ms", max = "1h")
        Duration lease,

        @Doc("Questions at a time; also connections to the database.") @Default("8") @Range(min = "1", max = "1000")
        int concurrency,

        @Doc("Questions that may wait for their turn; more fail at once.")
        @Default("1000")
        @Range(min = "1", max = "1000000")
        int waiting,

        @Doc("Failures in a row after which it is not asked any more for `open`: reads get the stale value, or what"
                + " `on-error` says; writes are refused, or wait in the queue of `behind`.")
        @Default("5")
        @Range(min = "1", max = "10000")
        int failures,

        @Doc("How long it is then left alone before one question tries again.")
        @Default("5s")
        @Range(min = "10ms", max = "1h")
        Duration open,

        @Doc("The longest value it may give.") @Default("16MiB") @Range(min = "1KiB", max = "512MiB")
        DataSize maxValue,

        @Doc("Whether the header `Cache-Control` of an answer to GET (`s-maxage`, `max-age`, less `Age`;"
                + " `no-store`, `no-cache` and `private`: one second, so that who asked gets it) says how long it"
                + " is kept, before the pattern's `ttl` and `negative-ttl`. The header `Plinth-Ttl`, in seconds,"
                + " always does, and before it.")
        @Default("false")
        boolean cacheControl)
        implements Checked {

    /** Statements for PostgreSQL. */
    @Doc("Statements with the parameters `:key` (what follows the pattern's prefix), `:name` (the whole key),"
            + " `:value` (as text) and `:bytes` (as bytea).")
    public record SqlConfig(
            @Doc("`jdbc:postgresql://host:port/database`.") String url,

            @Doc("The user.") @Nullable String user,

            @Doc("Its password.") @Nullable Secret password,

            @Doc("Answers the value in the first column of the first row; no row, or null: there is none.")
            String load,

            @Doc("Stores a value: `insert ... on conflict ... do update`.") @Nullable
            String store,

            @Doc("Removes a value.") @Nullable String remove) {}

    @Override
    public void check(Check check) {
        if ((http == null) == (postgres == null)) {
            check.problem("http", "http: " + http + " (expected: either http or postgres)");
        }
        if (http != null && !http.startsWith("http://") && !http.startsWith("https://")) {
            check.problem("http", "http: " + http + " (expected: http:// or https:// ... {key})");
        } else if (http != null && !http.contains("{key}") && !http.contains("{name}")) {
            check.problem("http", "http: " + http + " (expected: {key} or {name} in it)");
        } else if (http != null) {
            String url = http.replace("{key}", "k").replace("{name}", "k");
            if (!makes(url, null)) {
                check.problem("http", "http: no URL where {key} and {name} are filled in (expected: one, with a host)");
            } else if (authorization != null && !makes(url, authorization.reveal())) {
                check.problem(
                        "authorization", "authorization: no header (expected: no line break or control character)");
            }
        }
        if (postgres != null) {
            sql(check, "load", postgres.load);
            sql(check, "store", postgres.store);
            sql(check, "remove", postgres.remove);
            if (!postgres.url.startsWith("jdbc:postgresql:")) {
                check.problem(
                        "postgres.url", "url: " + postgres.url + " (expected: jdbc:postgresql://host:port/database)");
            }
        }
    }

    /** Whether it can be handed on what clients write. */
    public boolean takesWrites() {
        return postgres == null || (postgres.store != null && postgres.remove != null);
    }

    private static boolean makes(String url, @Nullable String header) {
        try {
            HttpLoader.request(url, header);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void sql(Check check, String key, @Nullable String text) {
        if (text == null) {
            return;
        }
        try {
            new SqlTemplate(text);
        } catch (IllegalArgumentException e) {
            check.problem("postgres." + key, key + ": " + e.getMessage());
        }
    }
}
