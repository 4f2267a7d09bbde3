package shop.demo;

import java.util.Map;

/**
 * What the environment says.
 *
 * @param instance this process's name, shown on every page
 * @param port where the web page is served; unused by a worker
 * @param databaseUrl a JDBC URL
 * @param cache {@code host:port} of the cache's nodes, separated by commas
 * @param broker an AMQP URI
 */
record Settings(String instance, int port, String databaseUrl, String cache, String broker) {
    static Settings from(Map<String, String> env) {
        return new Settings(
                env.getOrDefault("INSTANCE", "web-1"),
                Integer.parseInt(env.getOrDefault("PORT", "9000")),
                env.getOrDefault("DATABASE_URL", "jdbc:postgresql://127.0.0.1:6432/shop?user=shop"),
                env.getOrDefault("CACHE", "127.0.0.1:6379"),
                env.getOrDefault("BROKER", "amqp://guest:guest@127.0.0.1:5672"));
    }
}
