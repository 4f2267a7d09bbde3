package io.plinth.dbproxy.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.server.Settings;
import org.junit.jupiter.api.Test;

class SessionSettingsTest {
    private final SessionSettings settings = new SessionSettings(Settings.NONE);

    @Test
    void whatTheClientKnowsIsNotToldAgain() {
        settings.tell("TimeZone", "UTC");

        assertThat(settings.reported("TimeZone", "UTC", true)).isFalse();
        assertThat(settings.reported("TimeZone", "Asia/Tokyo", true)).isTrue();
        assertThat(settings.reported("TimeZone", "Asia/Tokyo", false)).isFalse();
    }

    @Test
    void aReplicasRoleIsNoNews() {
        assertThat(settings.reported("in_hot_standby", "on", false)).isFalse();
    }

    /** The pool's connections carry the proxy's name; one that was another's is given it back before it is used. */
    @Test
    void theNameOfTheProxysOwnConnectionsIsNoNews() {
        settings.tell("application_name", "");

        assertThat(settings.reported("application_name", "db-proxy", true)).isFalse();
        assertThat(settings.known("application_name")).isEmpty();
        assertThat(settings.reported("application_name", "shop", false)).isTrue();
    }
}
