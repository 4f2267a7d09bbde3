package shop.demo;

import java.util.List;

/** HTML from values; everything that is not markup is escaped. */
final class Pages {
    private final String instance;

    Pages(String instance) {
        this.instance = instance;
    }

    String shop(Sessions.Session session, List<Product> products, List<Order> orders, Steps steps) {
        StringBuilder body = new StringBuilder();
        body.append("<section><h2>Catalogue</h2><ul class=products>");
        for (Product product : products) {
            body.append("<li><b>").append(escape(product.name())).append("</b><span>");
            body.append(product.price()).append("</span><form method=post action=/orders>");
            body.append("<input type=hidden name=product value=\"")
                    .append(escape(product.id()))
                    .append("\">");
            body.append("<input name=quantity value=1 size=2><button>Order</button></form></li>");
        }
        body.append("</ul></section><section><h2>Your orders</h2>");
        if (orders.isEmpty()) {
            body.append("<p>None yet.</p>");
        } else {
            body.append("<ul>");
            for (Order order : orders) {
                body.append("<li><a href=\"/orders/").append(order.id()).append("\">");
                body.append(order.quantity())
                        .append(" × ")
                        .append(escape(order.product()))
                        .append("</a> ");
                body.append(receipt(order)).append("</li>");
            }
            body.append("</ul>");
        }
        body.append("</section><section><h2>Live</h2><ul id=live></ul></section>");
        return page("Shop", session, body, steps);
    }

    String order(Sessions.Session session, Order order, Steps steps) {
        StringBuilder body =
                new StringBuilder("<section><h2>Order ").append(order.id()).append("</h2><p>");
        body.append(order.quantity())
                .append(" × ")
                .append(escape(order.product()))
                .append("</p><p id=receipt>");
        body.append(receipt(order)).append("</p><p><a href=/>Back to the shop</a></p></section>");
        body.append("<section><h2>Live</h2><ul id=live></ul></section>");
        return page("Order " + order.id(), session, body, steps);
    }

    String notFound(Sessions.Session session, Steps steps) {
        return page("Not found", session, new StringBuilder("<section><p>No such page or order.</p></section>"), steps);
    }

    private static String receipt(Order order) {
        String receipt = order.receipt();
        return receipt == null ? "receipt pending" : "receipt " + escape(receipt);
    }

    private String page(String title, Sessions.Session session, StringBuilder body, Steps steps) {
        StringBuilder page = new StringBuilder("<!doctype html><html lang=en><meta charset=utf-8><title>");
        page.append(escape(title)).append("</title><link rel=stylesheet href=/static/shop.css>");
        page.append("<script src=/static/live.js defer></script><h1>The shop</h1><p>You are user ");
        page.append(session.user()).append(", visit ").append(session.visits()).append(".</p>");
        page.append(body)
                .append("<footer><p>Served by <b id=server>")
                .append(escape(instance))
                .append("</b></p>");
        page.append("<table><tr><th>step<th>answered by<th>µs</tr>");
        for (Steps.Step step : steps.all()) {
            page.append("<tr><td>").append(escape(step.name())).append("<td>").append(escape(step.where()));
            page.append("<td>").append(step.micros()).append("</tr>");
        }
        return page.append("</table></footer></html>\n").toString();
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
