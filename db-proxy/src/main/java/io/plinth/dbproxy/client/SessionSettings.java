package io.plinth.dbproxy.client;

import io.plinth.dbproxy.route.StatementPlan.Setting;
import io.plinth.dbproxy.server.Settings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a session has set: kept when the transaction that set it commits, forgotten when it rolls back, and set again on
 * whichever server connection comes next. Owned by the session's event loop.
 */
final class SessionSettings {
    private final Settings startup;
    private final Map<String, String> known = new HashMap<>();
    private final List<Setting> pending = new ArrayList<>();
    private final Map<String, @Nullable String> reportedBefore = new HashMap<>();
    private Settings wanted;

    SessionSettings(Settings startup) {
        this.startup = startup;
        this.wanted = startup;
    }

    Settings wanted() {
        return wanted;
    }

    /** What the client has been told a setting is. */
    void tell(String name, String value) {
        known.put(name, value);
    }

    void change(Setting setting) {
        pending.add(setting);
    }

    boolean hasPending() {
        return !pending.isEmpty();
    }

    /** Everything back to what the client connected with. */
    void reset() {
        pending.clear();
        wanted = startup;
    }

    /** A server reports a value; returns whether that is news to the client. */
    boolean reported(String name, String value, boolean ours) {
        // A replica's role is nothing the client has asked for, and flips with every statement.
        if (name.equals("in_hot_standby")) {
            return false;
        }
        String before = known.put(name, value);
        if (!ours && !value.equals(before)) {
            reportedBefore.putIfAbsent(name, before);
        }
        return !value.equals(before);
    }

    void commit() {
        for (Map.Entry<String, @Nullable String> report : reportedBefore.entrySet()) {
            String name = report.getKey().toLowerCase(Locale.ROOT);
            String now = known.get(report.getKey());
            boolean explained =
                    pending.stream().anyMatch(setting -> setting.name().equals(name));
            if (now != null && !explained && !now.equals(report.getValue())) {
                // Set by a function, say: the server's report is all we have of it.
                wanted = wanted.with(name, Settings.assignment(name, now));
            }
        }
        reportedBefore.clear();
        for (Setting setting : pending) {
            if (setting.sql() == null && startup != Settings.NONE) {
                wanted = wanted.like(setting.name(), startup);
            } else {
                wanted = wanted.with(setting.name(), setting.sql());
            }
        }
        pending.clear();
    }

    void rollback() {
        pending.clear();
        reportedBefore.clear();
    }
}
