package io.plinth.mqbroker.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PermissionsTest {
    @Test
    void aPatternOfTopicsMayHaveVariables() {
        for (String pattern :
                new String[] {"^{username}\\.", "^{vhost}-[a-z]{2}$", "{client_id}", "^(?!{username}).*", "", ".*"}) {
            assertThat(Permissions.topicProblem(pattern)).as(pattern).isNull();
        }
        assertThat(Permissions.topicProblem("^{user}")).contains("regular expression");
        assertThat(Permissions.topicProblem("{username}(")).contains("regular expression");
        assertThat(Permissions.topicProblem("a".repeat(2000))).contains("at most 1024");
    }
}
