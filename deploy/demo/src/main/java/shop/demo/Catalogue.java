package shop.demo;

import io.lettuce.core.SetArgs;
import java.util.ArrayList;
import java.util.List;

/** Cache-aside: the catalogue from the cache, else from the database and into the cache for ten seconds. */
final class Catalogue {
    private static final String KEY = "catalogue";
    private static final long SECONDS = 10;

    private final Cache cache;
    private final Database database;

    Catalogue(Cache cache, Database database) {
        this.cache = cache;
        this.database = database;
    }

    List<Product> products(Steps steps) throws Exception {
        List<Product> cached = steps.run("catalogue from cache", () -> {
            String text = cache.commands().get(KEY);
            return new Steps.Outcome<>(text == null ? List.<Product>of() : parse(text), text == null ? "miss" : "hit");
        });
        if (!cached.isEmpty()) {
            return cached;
        }
        List<Product> fresh = steps.run("catalogue from database", database::products);
        steps.run("catalogue into cache", () -> {
            cache.commands().set(KEY, format(fresh), SetArgs.Builder.ex(SECONDS));
            return new Steps.Outcome<>(fresh, SECONDS + " s");
        });
        return fresh;
    }

    /** A line per product, fields separated by tabs. */
    static String format(List<Product> products) {
        StringBuilder text = new StringBuilder();
        for (Product product : products) {
            text.append(product.id()).append('\t').append(product.name()).append('\t');
            text.append(product.cents()).append('\n');
        }
        return text.toString();
    }

    static List<Product> parse(String text) {
        List<Product> products = new ArrayList<>();
        text.lines().forEach(line -> {
            String[] fields = line.split("\t", -1);
            products.add(new Product(fields[0], fields[1], Long.parseLong(fields[2])));
        });
        return products;
    }
}
