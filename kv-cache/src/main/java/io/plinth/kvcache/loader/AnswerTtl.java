package io.plinth.kvcache.loader;

import java.net.http.HttpHeaders;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How long an answer holds, by its headers: {@code Plinth-Ttl} in seconds, and where the loader's cache-control is on {@code Cache-Control}
 * as a shared cache reads it (RFC 9111, 5.2.2): s-maxage before max-age, less Age (4.2.3); no-store, no-cache and private are 0.
 */
final class AnswerTtl {
    private static final String OWN = "Plinth-Ttl";
    private static final long LONGEST_SECONDS = 10L * 365 * 24 * 60 * 60;
    /** Whoever asked reads it from the cache. */
    private static final long LEAST_MILLIS = 1_000;

    private static final long UNSAID = -1;

    private AnswerTtl() {}

    /** In milliseconds; negative where the headers do not say. */
    static long of(HttpHeaders headers, boolean cacheControl) {
        long own = seconds(headers.firstValue(OWN).orElse(null));
        long said = own != UNSAID || !cacheControl ? own : shared(headers);
        return said == UNSAID ? UNSAID : Math.max(LEAST_MILLIS, said * 1000);
    }

    private static long shared(HttpHeaders headers) {
        long most = UNSAID;
        long shared = UNSAID;
        for (String line : headers.allValues("Cache-Control")) {
            for (String each : line.split(",", -1)) {
                String directive = each.strip().toLowerCase(Locale.ROOT);
                int equals = directive.indexOf('=');
                String name =
                        equals < 0 ? directive : directive.substring(0, equals).strip();
                switch (name) {
                    case "no-store", "no-cache", "private" -> {
                        return 0;
                    }
                    case "s-maxage" -> shared = Math.max(shared, seconds(directive.substring(equals + 1)));
                    case "max-age" -> most = Math.max(most, seconds(directive.substring(equals + 1)));
                    default -> {}
                }
            }
        }
        long said = shared == UNSAID ? most : shared;
        long age = Math.max(0, seconds(headers.firstValue("Age").orElse(null)));
        return said == UNSAID ? UNSAID : Math.max(0, said - age);
    }

    /** RFC 9111, 1.2.2: digits; more than can be are as many as can be. */
    private static long seconds(@Nullable String text) {
        String digits = text == null ? "" : text.strip().replace("\"", "");
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return UNSAID;
        }
        return digits.length() > 10 ? LONGEST_SECONDS : Math.min(LONGEST_SECONDS, Long.parseLong(digits));
    }
}
