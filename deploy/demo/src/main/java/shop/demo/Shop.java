package shop.demo;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What the shop answers: a request's path, form and session in, a reply out. Runs on a thread that may block. */
final class Shop {
    private static final int QUANTITY_MAX = 99;
    private static final Map<String, String> ASSETS =
            Map.of("shop.css", "text/css; charset=utf-8", "live.js", "text/javascript; charset=utf-8");

    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private final Sessions sessions;
    private final Catalogue catalogue;
    private final Database database;
    private final Receipts receipts;
    private final Cache cache;
    private final Pages pages;

    Shop(
            String instance,
            LongSupplier nanoTime,
            RandomGenerator random,
            Cache cache,
            Database database,
            Receipts receipts) {
        this.nanoTime = nanoTime;
        this.random = random;
        this.sessions = new Sessions(cache, random);
        this.catalogue = new Catalogue(cache, database);
        this.database = database;
        this.receipts = receipts;
        this.cache = cache;
        this.pages = new Pages(instance);
    }

    Reply answer(String method, String path, Map<String, String> form, @Nullable String cookie) throws Exception {
        boolean read = method.equals("GET") || method.equals("HEAD");
        if (read && path.equals("/healthz")) {
            return Reply.text(200, "ok\n");
        }
        if (read && path.startsWith("/static/")) {
            return asset(path.substring("/static/".length()));
        }
        Steps steps = new Steps(nanoTime);
        Sessions.Session session = steps.run("session", () -> sessions.open(cookie));
        String fresh = session.fresh() ? session.id() : null;
        if (read && path.equals("/")) {
            List<Product> products = catalogue.products(steps);
            List<Order> orders = steps.run("your orders", () -> database.orders(session.user()));
            return Reply.html(200, pages.shop(session, products, orders, steps), fresh);
        }
        if (read && path.startsWith("/orders/")) {
            return order(path.substring("/orders/".length()), session, fresh, steps);
        }
        if (method.equals("POST") && path.equals("/orders")) {
            return place(form, session, fresh, steps);
        }
        return Reply.html(404, pages.notFound(session, steps), fresh);
    }

    private Reply order(String number, Sessions.Session session, @Nullable String fresh, Steps steps) throws Exception {
        if (number.matches("\\d{1,18}")) {
            long id = Long.parseLong(number);
            Optional<Order> order = steps.run("order", () -> database.order(session.user(), id));
            if (order.isPresent()) {
                return Reply.html(200, pages.order(session, order.get(), steps), fresh);
            }
        }
        return Reply.html(404, pages.notFound(session, steps), fresh);
    }

    private Reply place(Map<String, String> form, Sessions.Session session, @Nullable String fresh, Steps steps)
            throws Exception {
        String quantity = form.getOrDefault("quantity", "1");
        String product = form.getOrDefault("product", "");
        if (!quantity.matches("\\d{1,2}")
                || catalogue.products(steps).stream().noneMatch(p -> p.id().equals(product))) {
            return Reply.text(
                    400, "product or quantity: (expected: one of the catalogue, and 1 to " + QUANTITY_MAX + ")\n");
        }
        long id = random.nextLong(1, 1_000_000_000_000_000L);
        steps.run("order", () -> database.place(session.user(), id, product, Integer.parseInt(quantity)));
        steps.run("receipt asked for", () -> {
            receipts.request(session.user(), id);
            return new Steps.Outcome<>(id, "confirmed");
        });
        cache.announce("order " + id + " placed");
        return Reply.redirect("/orders/" + id, fresh);
    }

    private static Reply asset(String name) throws IOException {
        String type = ASSETS.get(name);
        try (InputStream in = type == null ? null : Shop.class.getResourceAsStream("/static/" + name)) {
            return type == null || in == null
                    ? Reply.text(404, "no such file\n")
                    : Reply.asset(type, in.readAllBytes());
        }
    }
}
