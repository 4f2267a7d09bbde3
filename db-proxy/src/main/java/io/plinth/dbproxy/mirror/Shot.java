package io.plinth.dbproxy.mirror;

import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.Settings;

/** One request that is sent twice. Owned by its client's event loop; counted when both servers have answered. */
public final class Shot {
    private final GroupPlan plan;
    private final Settings settings;
    private final Login login;
    private final LoopMirror mirror;
    private boolean clientDone;
    private boolean clientFailed;
    private long clientNanos;
    private boolean mirrorDone;
    private boolean mirrorFailed;
    private long mirrorNanos;

    Shot(GroupPlan plan, Settings settings, Login login, LoopMirror mirror) {
        this.plan = plan;
        this.settings = settings;
        this.login = login;
        this.mirror = mirror;
    }

    GroupPlan plan() {
        return plan;
    }

    Settings settings() {
        return settings;
    }

    Login login() {
        return login;
    }

    /** The client's server has answered. */
    public void answered(long nanos, boolean failed) {
        clientDone = true;
        clientNanos = nanos;
        clientFailed = failed;
        compare();
    }

    void mirrored(long nanos, boolean failed) {
        if (!mirrorDone) {
            mirrorDone = true;
            mirrorNanos = nanos;
            mirrorFailed = failed;
            compare();
        }
    }

    private void compare() {
        if (clientDone && mirrorDone) {
            mirror.compared(clientNanos, clientFailed, mirrorNanos, mirrorFailed);
        }
    }
}
