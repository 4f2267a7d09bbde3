package io.plinth.dbproxy.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.wire.SqlError;
import org.junit.jupiter.api.Test;

class ClientPlacesTest {
    private final ClientPlaces places = new ClientPlaces();

    @Test
    void aDatabaseTakesNoMoreClientsThanItsBound() {
        ClientBounds two = new ClientBounds(2, 0);
        assertThat(places.enter("shop", "a", two)).isNull();
        assertThat(places.enter("shop", "b", two)).isNull();
        assertThat(places.enter("shop", "c", two)).extracting(SqlError::code).isEqualTo("53300");
        assertThat(places.enter("other", "c", two)).isNull();
        places.leave("shop", "a");
        assertThat(places.enter("shop", "c", two)).isNull();
    }

    @Test
    void aUserTakesNoMoreThanItsBoundAndARefusedOneNoPlaceOfTheDatabase() {
        ClientBounds bounds = new ClientBounds(2, 1);
        assertThat(places.enter("shop", "a", bounds)).isNull();
        for (int i = 0; i < 5; i++) {
            assertThat(places.enter("shop", "a", bounds))
                    .extracting(SqlError::message)
                    .asString()
                    .contains("clients.per-user");
        }
        assertThat(places.enter("shop", "b", bounds)).isNull();
        places.leave("shop", "a");
        assertThat(places.enter("shop", "a", bounds)).isNull();
    }

    @Test
    void aBoundThatIsLoweredKeepsWhoIsIn() {
        for (int i = 0; i < 5; i++) {
            assertThat(places.enter("shop", "a", ClientBounds.NONE)).isNull();
        }
        ClientBounds three = new ClientBounds(3, 0);
        for (int i = 0; i < 2; i++) {
            assertThat(places.enter("shop", "a", three)).isNotNull();
            places.leave("shop", "a");
        }
        assertThat(places.enter("shop", "a", three)).isNotNull();
        places.leave("shop", "a");
        assertThat(places.enter("shop", "a", three)).isNull();
    }
}
