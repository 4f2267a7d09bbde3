package io.plinth.deploy.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class JsonOutlineTest {
    @Test
    void showsFieldsListsAndWhatIsNested() throws IOException {
        assertThat(new JsonOutline().of("""
            {"route":"shop","why":["host matches","path matches"],"server":{"name":"web-1","up":true},"none":null}\
            """)).isEqualTo("""
                route: shop
                why:
                  - host matches
                  - path matches
                server:
                  name: web-1
                  up: true
                none: null
                """);
    }

    @Test
    void refusesWhatIsNoJson() {
        assertThatThrownBy(() -> new JsonOutline().of("no such path")).isInstanceOf(IOException.class);
    }
}
