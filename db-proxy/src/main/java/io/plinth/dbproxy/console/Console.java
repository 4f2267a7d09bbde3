package io.plinth.dbproxy.console;

import io.netty.channel.Channel;
import io.plinth.dbproxy.DbProxyConfig.ConsoleConfig;
import io.plinth.dbproxy.DbProxyConfig.Loopback;
import io.plinth.dbproxy.DbProxyConfig.OperatorConfig;
import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.client.AdminConsole;
import io.plinth.dbproxy.client.Conversation;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.Definitions;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.session.ClientBounds;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The console as the file has it. Immutable. */
public final class Console implements AdminConsole {
    private final Database realm;
    private final Set<String> admins;
    private final Operations operations;

    private Console(Database realm, Set<String> admins, Operations operations) {
        this.realm = realm;
        this.admins = Set.copyOf(admins);
        this.operations = operations;
    }

    /** The console, or null where nobody may use it. */
    public static @Nullable Console of(ConsoleConfig config, Operations operations, SecureRandom random) {
        if (config.off()) {
            return null;
        }
        Map<String, Database.Known> users = new HashMap<>();
        config.statsUsers().forEach((name, user) -> users.put(name, known(name, user, random)));
        config.adminUsers().forEach((name, user) -> users.put(name, known(name, user, random)));
        PoolLimits none = new PoolLimits(1, 0, 0, 0, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);
        Database.Rules rules = new Database.Rules(
                none,
                false,
                false,
                AccessRules.standard(config.loopback() == Loopback.TRUST),
                false,
                0,
                null,
                false,
                false,
                0,
                Duration.ZERO,
                Duration.ZERO,
                0,
                0,
                0,
                false,
                Duration.ZERO,
                RuleSet.NONE,
                ClientBounds.NONE);
        Database realm = new Database(
                Topology.single(config.database(), "console"),
                new Database.Setup(rules, users, login -> Map.of(), null, Map.of()));
        return new Console(realm, config.adminUsers().keySet(), operations);
    }

    private static Database.Known known(String name, OperatorConfig user, SecureRandom random) {
        return new Database.Known(
                Definitions.credential(name, user.password(), user.verifier(), random),
                false,
                new Login(name, null, null, null, null));
    }

    @Override
    public Database realm() {
        return realm;
    }

    @Override
    public Conversation open(Channel channel, Database.User user, String application) {
        boolean admin = admins.contains(user.name());
        Tables tables = new Tables(operations, realm.name());
        ConsoleSession session = new ConsoleSession(
                channel,
                new Commands(operations, tables, admin, channel.eventLoop()),
                application,
                operations.nanoTime());
        session.welcome();
        return session;
    }
}
