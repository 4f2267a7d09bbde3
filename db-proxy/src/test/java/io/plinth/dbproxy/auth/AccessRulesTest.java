package io.plinth.dbproxy.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AccessRulesTest {
    private final AccessRules rules = AccessRules.parse(
            "hba",
            List.of(
                    "# who        from where",
                    "local        all    all                       trust",
                    "hostnossl    shop   app     10.0.0.0/8        md5",
                    "hostssl      shop   app     10.0.0.0/8        scram-sha-256  clientcert=verify-ca",
                    "host         sameuser all   10.0.0.0 255.0.0.0 password",
                    "host         replication rep 10.1.0.0/16      trust",
                    "hostssl      all    ops     all               cert",
                    "host         all    all     ::1/128           trust",
                    "host         all    evil,bad all              reject"));

    @Test
    void theFirstLineThatMatchesDecides() throws Exception {
        assertThat(method("shop", "app", false, false, "10.2.3.4")).isEqualTo(Method.MD5);
        assertThat(method("shop", "app", false, true, "10.2.3.4")).isEqualTo(Method.SCRAM);
        assertThat(method("shop", "app", false, false, "11.2.3.4")).isNull();
        assertThat(method("me", "me", false, false, "10.2.3.4")).isEqualTo(Method.PASSWORD);
        assertThat(method("shop", "rep", true, false, "10.1.3.4")).isEqualTo(Method.TRUST);
        assertThat(method("shop", "rep", false, false, "10.1.3.4")).isNull();
        assertThat(method("shop", "ops", false, true, "8.8.8.8")).isEqualTo(Method.CERT);
        assertThat(method("shop", "ops", false, false, "8.8.8.8")).isNull();
        assertThat(method("any", "one", false, false, "::1")).isEqualTo(Method.TRUST);
        assertThat(method("shop", "bad", false, false, "8.8.8.8")).isEqualTo(Method.REJECT);
    }

    @Test
    void aLineThatIsNotUnderstoodIsNamed() {
        for (String line : List.of(
                "host all all all pam",
                "hots all all all trust",
                "host all all 10.0.0.0/99 trust",
                "host all all here trust",
                "host all all",
                "host all all all trust map=x")) {
            assertThatThrownBy(() -> AccessRules.parse("hba", List.of("", line)))
                    .as(line)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("hba:2: ")
                    .hasMessageContaining("expected");
        }
    }

    @Test
    void anMd5AnswerIsCheckedAsPostgresqlDoes() {
        String stored = Md5Password.stored("shop", "pencil");
        assertThat(stored).matches("md5[0-9a-f]{32}");
        byte[] salt = {1, 2, 3, 4};
        assertThat(Md5Password.matches(stored, salt, Md5Password.answer(stored, salt)))
                .isTrue();
        assertThat(Md5Password.matches(stored, new byte[] {4, 3, 2, 1}, Md5Password.answer(stored, salt)))
                .isFalse();
    }

    private @Nullable Method method(String database, String user, boolean replication, boolean tls, String address)
            throws Exception {
        AccessRules.Rule rule =
                rules.match(new AccessRules.Visitor(database, user, replication, tls, InetAddress.getByName(address)));
        return rule == null ? null : Objects.requireNonNull(rule).method();
    }
}
