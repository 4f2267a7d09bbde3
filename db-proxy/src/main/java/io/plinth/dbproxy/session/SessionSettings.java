package io.plinth.dbproxy.session;

import io.plinth.dbproxy.route.StatementPlan.Setting;
import io.plinth.dbproxy.server.Settings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a session has set: kept when the transaction that set it commits, forgotten when it rolls back, and set again on
 * whichever server connection comes next. Owned by the session's event loop.
 */
public final class SessionSettings {
    /** RESET ALL among the changes. */
    private static final Setting ALL = new Setting("", null);

    private final Settings startup;
    private final Map<String, String> known = new HashMap<>();
    private final List<Setting> pending = new ArrayList<>();
    private final Set<String> explained = new HashSet<>();
    private final Map<String, @Nullable String> reportedBefore = new HashMap<>();
    private Settings wanted;

    public SessionSettings(Settings startup) {
        this.startup = startup;
        this.wanted = startup;
    }

    public Settings wanted() {
        return wanted;
    }

    /** What the client has been told a setting is. */
    public void tell(String name, String value) {
        known.put(name, value);
    }

    /** What the client has been told of a setting; empty for nothing. */
    public String known(String name) {
        return known.getOrDefault(name, "");
    }

    public void change(Setting setting) {
        pending.add(setting);
    }

    public boolean hasPending() {
        return !pending.isEmpty();
    }

    /** RESET ALL: everything back to what the client connected with, if the transaction commits. */
    public void changeAll() {
        pending.add(ALL);
    }

    /** Everything back to what the client connected with, whatever becomes of the transaction. */
    public void reset() {
        pending.clear();
        pending.add(ALL);
        wanted = startup;
    }

    /** A server reports a value; returns whether that is news to the client. */
    public boolean reported(String name, String value, boolean ours) {
        // A replica's role is nothing the client has asked for, and flips with every statement.
        if (name.equals("in_hot_standby")) {
            return false;
        }
        // A server's session that is given back to the proxy's own name has not changed what the client calls itself.
        if (ours && name.equals("application_name")) {
            return false;
        }
        String before = known.put(name, value);
        if (!ours && !value.equals(before)) {
            reportedBefore.putIfAbsent(name, before);
        }
        return !value.equals(before);
    }

    /** The transaction's changes hold. */
    public void commit() {
        if (pending.isEmpty()) {
            return;
        }
        wanted = changed(wanted, startup);
        pending.forEach(setting -> explained.add(setting.name()));
        pending.clear();
    }

    /** {@code before} with the transaction's changes; what is reset becomes what {@code start} has. */
    public Settings changed(Settings before, Settings start) {
        Settings after = before;
        for (Setting setting : pending) {
            if (setting.name().equals(ALL.name())) {
                after = start;
            } else if (setting.sql() == null) {
                after = after.like(setting.name(), start);
            } else {
                after = after.with(setting.name(), setting.sql());
            }
        }
        return after;
    }

    public void rollback() {
        pending.clear();
    }

    /**
     * Outside a transaction: what the server has reported and no statement explains was set by a function, say. The
     * report is all we have of it. Returns those settings with the SQL that sets them.
     */
    public List<Setting> unexplained() {
        if (reportedBefore.isEmpty()) {
            explained.clear();
            return List.of();
        }
        List<Setting> found = new ArrayList<>();
        for (Map.Entry<String, @Nullable String> report : reportedBefore.entrySet()) {
            String name = report.getKey().toLowerCase(Locale.ROOT);
            String now = known.get(report.getKey());
            boolean told = explained.contains(name) || explained.contains(ALL.name());
            if (now != null && !told && !now.equals(report.getValue())) {
                found.add(new Setting(name, Settings.assignment(name, now)));
            }
        }
        reportedBefore.clear();
        explained.clear();
        return found;
    }
}
