package shop.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class PagesTest {
    private static final Sessions.Session SESSION = new Sessions.Session("0".repeat(32), 7, 3, false);

    @Test
    void pageShowsServerStepsAndTimes() throws Exception {
        Iterator<Long> clock = List.of(1_000L, 43_000L).iterator();
        Steps steps = new Steps(clock::next);
        steps.run("session", () -> new Steps.Outcome<>("x", "hit"));
        String page = new Pages("web-2").shop(SESSION, List.of(new Product("mug", "Mug", 1_405)), List.of(), steps);
        assertThat(page)
                .contains("<b id=server>web-2</b>")
                .contains("<tr><td>session<td>hit<td>42</tr>")
                .contains("14.05")
                .contains("You are user 7, visit 3.");
    }

    @Test
    void whatCustomersAndServersSayIsEscaped() {
        Order order = new Order(7, 1, "<script>\"'&", 2, "sent by <w>", "s0");
        String page = new Pages("web-1").order(SESSION, order, new Steps(() -> 0));
        assertThat(page)
                .contains("&lt;script&gt;&quot;&#39;&amp;")
                .contains("sent by &lt;w&gt;")
                .doesNotContain("<w>");
    }

    @Test
    void failedStepIsShownAndThrown() {
        Steps steps = new Steps(() -> 0);
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> steps.run("order", () -> {
                    throw new java.io.IOException("gone");
                })))
                .hasMessage("gone");
        assertThat(steps.all()).extracting(Steps.Step::where).containsExactly("failed: gone");
    }

    @Test
    void catalogueSurvivesItsTripThroughTheCache() {
        List<Product> products = List.of(new Product("a", "A b", 1), new Product("c", "D, é", 99));
        assertThat(Catalogue.parse(Catalogue.format(products))).isEqualTo(products);
    }
}
