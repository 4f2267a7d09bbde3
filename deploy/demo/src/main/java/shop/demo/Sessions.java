package shop.demo;

import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Sessions in the cache: a hash each, which lives half an hour after its last use. */
final class Sessions {
    private static final long SECONDS = 1_800;

    private final Cache cache;
    private final RandomGenerator random;

    Sessions(Cache cache, RandomGenerator random) {
        this.cache = cache;
        this.random = random;
    }

    /**
     * Who is there.
     *
     * @param fresh made just now, so the browser needs the cookie
     */
    record Session(String id, long user, long visits, boolean fresh) {}

    Steps.Outcome<Session> open(@Nullable String id) {
        if (id != null && id.matches("[0-9a-f]{32}")) {
            String key = "session:" + id;
            Map<String, String> fields = cache.commands().hgetall(key);
            String user = fields.get("user");
            if (user != null) {
                long visits = cache.commands().hincrby(key, "visits", 1);
                cache.commands().expire(key, SECONDS);
                return new Steps.Outcome<>(new Session(id, Long.parseLong(user), visits, false), "hit");
            }
        }
        String fresh = "%016x%016x".formatted(random.nextLong(), random.nextLong());
        long user = random.nextLong(1, 1_000_000_000);
        cache.commands().hset("session:" + fresh, Map.of("user", Long.toString(user), "visits", "1"));
        cache.commands().expire("session:" + fresh, SECONDS);
        return new Steps.Outcome<>(new Session(fresh, user, 1, true), "miss, made");
    }
}
