package io.plinth.kvcache;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Secret;
import io.plinth.kvcache.admin.process.ResidentBound;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.listen.TlsConfig;
import io.plinth.kvcache.loader.LoaderConfig;
import io.plinth.kvcache.loader.behind.BehindConfig;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.replica.PrimaryTls;
import io.plinth.kvcache.session.BufferLimits;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the file says under {@code kv-cache}. */
@Doc("A cache that Redis clients use; several nodes of a region form one cluster.")
public record KvCacheConfig(
        @Doc("What the keys of one node may take; beyond it keys are evicted.") @Default("256MiB") @Range(min = "1MiB")
        DataSize memory,

        @Doc("Copies of each slot on other nodes; there are none yet.") @Default("0") @Range(min = "0", max = "5")
        int replicas,

        @Doc("What leaves when memory is needed: `s3-fifo`, or one of Redis's maxmemory policies, of which `noeviction`"
                + " refuses writes and `volatile-...` evicts only keys with an expiry.")
        @Default("s3-fifo")
        String eviction,

        @Doc("What clients have to send with AUTH; nothing where left out.") @Nullable
        Secret password,

        @Doc("Whether connections of other machines are refused while clients need no password; those of the cluster's"
                + " other nodes are taken where the file names them by address.")
        @Default("true")
        boolean protectedMode,

        @Doc("Who may use DEBUG, which test tools need: `no` for nobody, `local` for clients of this machine, `yes` for"
                + " all. Counts from the start on.")
        @Default("no")
        String debugCommand,

        @Doc("Users beside the default one, each a line as ACL SETUSER takes it: `alice on #<sha-256 of the"
                + " password> ~app:* +@read`.")
        List<String> users,

        @Doc("A file of users in Redis's form, relative to the node's data folder, that ACL LOAD reads and ACL SAVE"
                + " writes; instead of `users`.")
        @Nullable
        String aclFile,

        @Doc("Port of memcached's text and meta protocols over the keys of database 0, 11211 as a rule; none where"
                + " left out.")
        @Nullable
        @Range(min = "0", max = "65535")
        Integer memcachedPort,

        @Doc("Serve clients over TLS, too.") @Nullable TlsConfig tls,

        @Doc("The user of the Redis that REPLICAOF names; the default one where left out. `masteruser` of CONFIG"
                + " until the next start.")
        @Nullable
        String primaryUser,

        @Doc("What a Redis that REPLICAOF names expects with AUTH. `masterauth` of CONFIG until the next start.")
        @Nullable
        Secret primaryPassword,

        @Doc("Reach the Redis that REPLICAOF names over TLS.") @Nullable
        PrimaryTls primaryTls,

        @Doc("How keys are cached, by what they begin with; each under a name of its own: `pages: { prefix:"
                + " \"page:\", ttl: 10m, jitter: 10, stale: 1h, negative-ttl: 1m, tags: true, quota: { bytes:"
                + " 64MiB, over: evict } }`, or `users: { prefix: \"user:\", ttl: 1h, stale: 1d, loader: shop,"
                + " write: behind }`.")
        Map<String, PatternConfig> patterns,

        @Doc("What patterns can have behind them; each under a name of its own: `site: { http:"
            + " \"http://10.0.1.1:8080/pages/{key}\", timeout: 1s }`, or `shop: { postgres: { url:"
            + " \"jdbc:postgresql://10.0.3.1/shop\", user: cache, password: { file: secrets/cache }, load: \"select"
            + " body from users where id = :key\", store: \"insert into users values (:key, :value) on conflict (id)"
            + " do update set body = :value\", remove: \"delete from users where id = :key\" } }`. Changes count with"
            + " the next start.")
        Map<String, LoaderConfig> loaders,

        BehindConfig behind,

        @Doc("What is left of the keys after a restart.") Persist persist,

        @Doc("What one client, and all of them, may take.") Limits limits)
        implements Checked {

    /** What is left after a restart. */
    @Doc("What is left of the keys after a restart.")
    public record Persist(
            @Doc("A file of Redis (RDB), relative to the node's data folder, that is read at a start for which"
                    + " nothing else was left.")
            @Nullable
            String importRdb,

            @Doc("Whether changes are written to a journal: `off`, `everysec` (synced every second), or `always` (a"
                    + " client is answered once its change is synced).")
            @Default("off")
            String journal,

            @Doc("How often all keys are written to a snapshot; besides, as often as the journal is longer than"
                    + " `journal-size`. Not by time where left out.")
            @Nullable
            @Range(min = "1s")
            Duration snapshotEvery,

            @Doc("Whether a node that is stopped leaves a snapshot for its next start. Without journal and"
                    + " `snapshot-every` it is used once, so that a crash does not bring back what is old.")
            @Default("true")
            boolean snapshotOnStop,

            @Doc("How long the journal may be before a snapshot takes its place.") @Default("1GiB") @Range(min = "1MiB")
            DataSize journalSize,

            @Doc("Changes that may wait for the disk; with more, writes are refused (`MISCONF`). Also what may change"
                    + " while a snapshot is written without a journal.")
            @Default("64MiB")
            @Range(min = "1MiB", max = "1GiB")
            DataSize journalBuffer,

            @Doc("Files of all keys that are made or sent at a time for SYNC (`redis-cli --rdb`); more are refused.")
            @Default("4")
            @Range(min = "1", max = "100")
            int copies,

            @Doc("What may be held of keys that change while such a file is made: their names, and where their changes"
                + " are. No key is too large for it, nor are there too many; where more changes of one key than fit,"
                + " or a command made a key of more than a quarter of it meanwhile that is changed again (COPY,"
                + " RENAME, RESTORE), no file is made.")
            @Default("64MiB")
            @Range(min = "8MiB")
            DataSize copyMemory,

            @Doc("How long who is sent such a file may take nothing of it before the connection is closed.")
            @Default("60s")
            @Range(min = "1s")
            Duration copyPatience) {}

    /** Limits of what comes from and waits for clients. */
    @Doc("What one client, and all of them, may take.")
    public record Limits(
            @Doc("Connections at a time.") @Default("10000") @Range(min = "1", max = "1000000")
            int maxClients,

            @Doc("After how long a client that says nothing is disconnected, unless it waits for a key or is"
                    + " subscribed; Redis's `timeout`. Never where left out.")
            @Nullable
            @Range(min = "1s")
            Duration timeout,

            @Doc("The longest argument, and so the longest value; `proto-max-bulk-len` of CONFIG until the next"
                    + " start. Where `memory` has no room for a value its command is refused (`OOM`).")
            @Default("512MiB")
            @Range(min = "1KiB", max = "512MiB")
            DataSize maxBulk,

            @Doc("The longest value that memcached's clients may store; memcached's own limit.")
            @Default("1MiB")
            @Range(min = "1KiB", max = "512MiB")
            DataSize maxItem,

            @Doc("Arguments of one command.") @Default("1048576") @Range(min = "16", max = "1048576")
            int maxArgs,

            @Doc("The longest inline command or length line.") @Default("64KiB") @Range(min = "1KiB", max = "1MiB")
            DataSize maxInline,

            @Doc("The longest command, all arguments together but strings of 1MiB or more that SET and its kin,"
                    + " APPEND and SETRANGE bring; what of it is held is bounded by `client-memory`, too.")
            @Default("1GiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize maxRequest,

            @Doc("Replies that may wait for one client before it is disconnected; strings of 1MiB or more, which"
                    + " wait where they lie, not counted.")
            @Default("128MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize outputBuffer,

            @Doc("Messages that may wait for one subscriber before it is disconnected.")
            @Default("32MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize pubsubBuffer,

            @Doc("Messages that may wait for another node of the cluster; what comes on top is dropped and counted.")
            @Default("8MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize peerBuffer,

            @Doc("Unfinished requests and commands queued in transactions, of all clients together.")
            @Default("256MiB")
            @Range(min = "1MiB")
            DataSize clientMemory,

            @Doc("Keys that are remembered for clients with CLIENT TRACKING; with more, some are reported as changed.")
            @Default("1000000")
            @Range(min = "1", max = "100000000")
            int trackedKeys,

            @Doc("Keys that may have a lease, a soft deadline of their own, tags, or be remembered as absent.")
            @Default("1000000")
            @Range(min = "256", max = "100000000")
            int cacheMarks,

            @Doc("What the values of one running script may take.") @Default("64MiB") @Range(min = "1MiB", max = "1GiB")
            DataSize scriptMemory,

            @Doc("Turns of loops and calls of one script; with more it is ended, also after writes.")
            @Default("5000000000")
            @Range(min = "1000")
            long scriptSteps,

            @Doc("How long a script may run before other clients are answered `BUSY`; Redis's busy-reply-threshold.")
            @Default("5s")
            @Range(min = "10ms")
            Duration scriptBusy) {
        BufferLimits buffers() {
            return new BufferLimits(outputBuffer.bytes(), pubsubBuffer.bytes());
        }
    }

    /** What it allows a node to take of the machine. */
    ResidentBound.Given resident() {
        return new ResidentBound.Given(
                memory.bytes(),
                limits.clientMemory.bytes(),
                limits.scriptMemory.bytes(),
                limits.trackedKeys,
                persist.journal.equals("off") ? 0 : persist.journalBuffer.bytes(),
                persist.copyMemory.bytes(),
                patterns.values().stream().anyMatch(each -> each.write() == PatternConfig.WriteMode.BEHIND));
    }

    @Override
    public void check(Check check) {
        if (replicas > 0) {
            check.problem("replicas", "replicas: " + replicas + " (expected: 0; copies on other nodes come later)");
        }
        if (!List.of("off", "everysec", "always").contains(persist.journal)) {
            check.problem("persist.journal", "journal: " + persist.journal + " (expected: off, everysec or always)");
        }
        if (!List.of("no", "local", "yes").contains(debugCommand)) {
            check.problem("debug-command", "debug-command: " + debugCommand + " (expected: no, local or yes)");
        }
        if (primaryUser != null && primaryPassword == null) {
            check.problem("primary-user", "primary-user: " + primaryUser + " (expected: with primary-password)");
        }
        if (aclFile != null && !users.isEmpty()) {
            check.problem("acl-file", "acl-file: " + aclFile + " (expected: either users or acl-file)");
        }
        patterns.forEach((name, pattern) -> checkPattern(check, name, pattern));
        if (Eviction.of(eviction) == null) {
            check.problem(
                    "eviction",
                    "eviction: " + eviction + " (expected: s3-fifo, noeviction, or allkeys- or volatile- with lru, lfu,"
                            + " random or ttl)");
        }
    }

    private void checkPattern(Check check, String name, PatternConfig pattern) {
        String path = "patterns." + name;
        if (pattern.loader() != null) {
            check.reference(path + ".loader", "loader", pattern.loader(), loaders.keySet());
        } else if (pattern.write() != PatternConfig.WriteMode.NONE) {
            check.problem(path + ".write", "write: " + pattern.write() + " (expected: none where there is no loader)");
        }
        LoaderConfig loader = pattern.loader() == null ? null : loaders.get(pattern.loader());
        if (loader != null && pattern.write() != PatternConfig.WriteMode.NONE && !loader.takesWrites()) {
            check.problem(
                    path + ".write",
                    "write: " + pattern.write()
                            + " (expected: none where the loader has no postgres.store and remove)");
        }
    }
}
