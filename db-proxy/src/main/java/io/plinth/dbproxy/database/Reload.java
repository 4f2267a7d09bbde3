package io.plinth.dbproxy.database;

import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.DbProxyConfig.DatabaseConfig;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a reload of the section may not change. Stateless. */
public final class Reload {
    private Reload() {}

    /** Throws with every key that stands for something fixed while the node runs. */
    public static void demandReloadable(StackFile file, DbProxyConfig before, DbProxyConfig next)
            throws ConfigException {
        List<Problem> problems = new ArrayList<>();
        if (before.plans() != next.plans()) {
            problems.add(fixed(file, "plans"));
        }
        if (!before.planMemory().equals(next.planMemory())) {
            problems.add(fixed(file, "plan-memory"));
        }
        if (before.statements() != next.statements()) {
            problems.add(fixed(file, "statements"));
        }
        if (before.serverPreparedStatements() != next.serverPreparedStatements()) {
            problems.add(fixed(file, "server-prepared-statements"));
        }
        for (Map.Entry<String, DatabaseConfig> entry : next.databases().entrySet()) {
            DatabaseConfig old = before.databases().get(entry.getKey());
            DatabaseConfig now = entry.getValue();
            String path = "databases." + entry.getKey() + ".";
            if (old == null) {
                continue;
            }
            if (!old.shards().keySet().equals(now.shards().keySet())) {
                problems.add(fixed(file, path + "shards (their names)"));
            }
            if (!old.tables().equals(now.tables())) {
                problems.add(fixed(file, path + "tables"));
            }
            if (!old.schemas().equals(now.schemas())) {
                problems.add(fixed(file, path + "schemas"));
            }
            if (!Objects.equals(old.defaultShard(), now.defaultShard())) {
                problems.add(fixed(file, path + "default"));
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    private static Problem fixed(StackFile file, String key) {
        return new Problem(
                file.path().toString(),
                1,
                1,
                "db-proxy." + key + ": changed (expected: unchanged on reload; restart this node)");
    }

    /** The reason why a section that is well formed cannot be used. */
    public static ConfigException refused(StackFile file, Exception why) {
        return new ConfigException(List.of(new Problem(
                file.path().toString(),
                1,
                1,
                "db-proxy: " + why.getMessage() + " (expected: files that can be read)")));
    }
}
