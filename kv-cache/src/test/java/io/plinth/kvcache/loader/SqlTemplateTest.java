package io.plinth.kvcache.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SqlTemplateTest {
    @Test
    void namesBecomeParametersButNotInTextNorCasts() {
        SqlTemplate template = new SqlTemplate(
                "insert into t values (:key::bigint, ':key', \"a:name\", :value, :bytes) on conflict do update set v ="
                        + " :value");
        assertThat(template.sql())
                .isEqualTo(
                        "insert into t values (?::bigint, ':key', \"a:name\", ?, ?) on conflict do update set v = ?");
        assertThat(template.parameters()).isEqualTo(List.of("key", "value", "bytes", "value"));
    }

    @Test
    void anUnknownNameIsRefused() {
        assertThatThrownBy(() -> new SqlTemplate("select :id")).hasMessageContaining(":id (expected: :key");
    }
}
