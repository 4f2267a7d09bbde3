package io.plinth.dbproxy.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import io.plinth.dbproxy.wire.SqlException;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScramExchangeTest {
    /** What PostgreSQL 18 stores for the password {@code pencil}: the salt and keys of RFC 7677's example. */
    private static final String STORED = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
            + "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    private final SecureRandom random = new SecureRandom();

    @Test
    void aClientThatKnowsThePasswordIsLetInAndKnowsTheServer() throws Exception {
        for (ScramVerifier verifier : List.of(ScramVerifier.parse(STORED), ScramVerifier.derive("pencil", random))) {
            ScramExchange exchange = new ScramExchange(verifier, true, random);
            ScramClient client = client("pencil");
            client.serverFirstMessage(exchange.first(client.clientFirstMessage().toString()));
            String last = exchange.last("shop", client.clientFinalMessage().toString());
            assertThat(client.serverFinalMessage(last).isError()).isFalse();
        }
    }

    @Test
    void aWrongPasswordAndAnUnknownUserEndAlike() throws Exception {
        for (boolean known : new boolean[] {true, false}) {
            ScramExchange exchange = new ScramExchange(ScramVerifier.parse(STORED), known, random);
            ScramClient client = client(known ? "crayon" : "pencil");
            client.serverFirstMessage(exchange.first(client.clientFirstMessage().toString()));
            String proof = client.clientFinalMessage().toString();
            assertThatThrownBy(() -> exchange.last("shop", proof))
                    .isInstanceOf(SqlException.class)
                    .hasMessage("password authentication failed for user \"shop\" (28P01)");
        }
    }

    @Test
    void malformedMessagesAreRefused() throws Exception {
        for (String first : List.of("", "n,,", "p=tls-unique,,n=,r=abc", "n,a=x,n=,r=abc", "n,,r=abc")) {
            ScramExchange exchange = new ScramExchange(ScramVerifier.parse(STORED), true, random);
            assertThatThrownBy(() -> exchange.first(first)).isInstanceOf(SqlException.class);
        }
        for (String last :
                List.of("", "c=biws,r=x,p=", "c=biws,r=%s,p=AAAA", "c=eSws,r=%s,p=AAAA", "c=biws,r=%s,p=!")) {
            ScramExchange exchange = new ScramExchange(ScramVerifier.parse(STORED), true, random);
            String nonce = exchange.first("n,,n=,r=abc").split(",", 2)[0].substring(2);
            assertThatThrownBy(() -> exchange.last("shop", last.formatted(nonce)))
                    .isInstanceOf(SqlException.class);
        }
    }

    @Test
    void aVerifierThatIsNoneIsNotRepeatedInTheError() {
        assertThatThrownBy(() -> ScramVerifier.parse("hunter2"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("hunter2");
    }

    private static ScramClient client(String password) {
        return ScramClient.builder()
                .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                .username("*")
                .password(password.toCharArray())
                .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                .build();
    }
}
