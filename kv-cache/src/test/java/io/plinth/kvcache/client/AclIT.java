package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Users and what they may do; the words are Redis 7.2's where they differ from 7.0's (redis#10147, #11160). */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AclIT {
    private static final String HASH = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    private final Cluster node;

    AclIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB, users: [ \"file on >pw ~app:* +@read\" ]", 1);
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private static final String[] RULES = {
        "A: ACL SETUSER a",
        "A: ACL GETUSER a",
        "A: ACL SETUSER a on >pw #" + HASH + " ~k* %R~r* %W~w* &ch* +@hash +get",
        "A: ACL SETUSER a (+set ~x* &y) (%R~z +@read) (+ping)",
        "A: ACL SETUSER b on nopass allkeys allchannels allcommands",
        "A: ACL GETUSER b",
        "A: ACL SETUSER b ~x",
        "A: ACL SETUSER b &x",
        "A: ACL SETUSER b +nosuch",
        "A: ACL SETUSER b +@nosuch",
        "A: ACL SETUSER b +config|nosuch",
        "A: ACL SETUSER b -get|x",
        "A: ACL SETUSER b <nopw",
        "A: ACL SETUSER b !abc",
        "A: ACL SETUSER b #abc",
        "A: ACL SETUSER b bad",
        "A: ACL SETUSER b (bad)",
        "A: ACL SETUSER b (on)",
        "A: ACL SETUSER b (+get",
        "A: ACL SETUSER b resetkeys",
        "A: ACL SETUSER b %X~a",
        "A: ACL SETUSER b %~a",
        "A: ACL SETUSER b %RW~q %R~w %W~w %R~v resetchannels &c &d &c",
        "A: ACL GETUSER b",
        "A: ACL SETUSER b resetpass >x >y <x",
        "A: ACL GETUSER b",
        "A: ACL SETUSER b reset",
        "A: ACL GETUSER b",
        "A: ACL SETUSER b skip-sanitize-payload",
        "A: ACL GETUSER b",
        "A: ACL GETUSER nosuch",
        "A: ACL USERS",
        "A: ACL LIST",
        "A: ACL DELUSER nosuch b",
        "A: ACL DELUSER default",
        "A: ACL DRYRUN nosuch get a",
        "A: ACL DRYRUN a nosuch a",
        "A: ACL DRYRUN a get",
        "A: ACL DRYRUN a get k1",
        "A: ACL DRYRUN a set x1 1",
        "A: ACL DRYRUN a hset w1 f v",
        "A: ACL SETUSER c on nopass %W~w* %R~r* +set +bitfield",
        "A: ACL DRYRUN c set w1 1",
        "A: ACL DRYRUN c set w1 1 PX 100",
        "A: ACL DRYRUN c bitfield r1 OVERFLOW SAT GET u8 0",
        "A: ACL DELUSER c",
        "A: ACL GENPASS 0",
        "A: ACL GENPASS 5000",
        "A: ACL WHOAMI",
        "A: ACL LOG",
        "A: ACL LOG x",
        "A: ACL LOAD",
        "A: ACL SAVE",
        "A: ACL CAT",
        "A: ACL CAT nosuch",
        "A: ACL NOSUCH",
        "A: ACL SETUSER",
        "A: AUTH x",
        "A: AUTH nosuch x",
        "A: AUTH a pw",
        "A: HGETALL k",
        "B: ACL SETUSER c on >c ~* +@all -@dangerous",
        "B: AUTH c bad",
        "B: AUTH c c",
        "B: SET k 1",
        "B: EVAL return{redis.call('get','k')} 0",
    };

    @Test
    @RequiresPeer("redis-server")
    void answersAsRedisDoes(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (RawClient raw = new RawClient(node.port(0));
                Scenario ours = new Scenario(node.port(0));
                Scenario theirs = new Scenario(peer.port())) {
            raw.call("ACL", "DELUSER", "file");
            raw.call("ACL", "LOG", "RESET");
            assertThat(String.join("\n", ours.run(RULES))).isEqualTo(String.join("\n", theirs.run(RULES)));
            raw.call("ACL", "SETUSER", "file", "on", ">pw", "~app:*", "+@read");
        } finally {
            peer.close();
        }
    }

    @Test
    void keepsTheOrderOfRulesAsRedis72Does() throws Exception {
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.call("ACL", "SETUSER", "r", "+@read", "+@write", "-@string", "+@all", "-set");
            assertThat(raw.call("ACL", "GETUSER", "r")).contains("+@all -set\r\n");
            raw.call(
                    "ACL",
                    "SETUSER",
                    "r",
                    "-@all",
                    "+config|get",
                    "+config|set",
                    "+get",
                    "-config",
                    "+get|x",
                    "+select|0");
            assertThat(raw.call("ACL", "GETUSER", "r")).contains("-@all +get -config +get|x +select|0\r\n");
            raw.call("ACL", "DELUSER", "r");
        }
    }

    @Test
    void refusesWhatAUserMayNotDo() throws Exception {
        try (RawClient admin = new RawClient(node.port(0));
                RawClient user = new RawClient(node.port(0))) {
            admin.call("ACL", "LOG", "RESET");
            admin.call("ACL", "SETUSER", "u", "on", ">pw", "~k*", "%R~r*", "&ch*", "+@all", "-config|set", "-flushall");
            assertThat(user.call("AUTH", "u", "pw")).isEqualTo("+OK\r\n");
            assertThat(user.call("ACL", "WHOAMI")).isEqualTo("$1\r\nu\r\n");
            assertThat(user.call("SET", "k1", "v")).isEqualTo("+OK\r\n");
            assertThat(user.call("GET", "r1")).isEqualTo("$-1\r\n");
            assertThat(user.call("SET", "r1", "v")).isEqualTo("-NOPERM No permissions to access a key\r\n");
            assertThat(user.call("MGET", "k1", "x")).isEqualTo("-NOPERM No permissions to access a key\r\n");
            assertThat(user.call("FLUSHALL"))
                    .isEqualTo("-NOPERM User u has no permissions to run the 'flushall' command\r\n");
            assertThat(user.call("CONFIG", "SET", "maxmemory", "1"))
                    .isEqualTo("-NOPERM User u has no permissions to run the 'config|set' command\r\n");
            assertThat(user.call("PUBLISH", "other", "x")).isEqualTo("-NOPERM No permissions to access a channel\r\n");
            assertThat(user.call("PUBLISH", "ch1", "x")).isEqualTo(":0\r\n");
            assertThat(user.call("PSUBSCRIBE", "c*")).isEqualTo("-NOPERM No permissions to access a channel\r\n");
            assertThat(user.call("EVAL", "return redis.call('get', 'x')", "0"))
                    .startsWith("-NOPERM ACL failure in script: No permissions to access a key");
            assertThat(user.call("EVAL", "return redis.acl_check_cmd('get', 'x')", "0"))
                    .isEqualTo("$-1\r\n");
            assertThat(user.call("SORT", "k2", "BY", "w_*"))
                    .isEqualTo("-ERR BY option of SORT denied due to insufficient ACL permissions.\r\n");
            assertThat(user.call("SORT", "k2", "STORE", "r1")).isEqualTo("-NOPERM No permissions to access a key\r\n");
            assertThat(user.call("SORT", "k2", "LIMIT", "0", "1", "STORE", "k3", "ALPHA", "STORE", "x"))
                    .isEqualTo("-NOPERM No permissions to access a key\r\n");
            assertThat(user.call("SORT", "k2", "STORE", "k3")).isEqualTo(":0\r\n");
            assertThat(user.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(user.call("GET", "x")).isEqualTo("-NOPERM No permissions to access a key\r\n");
            assertThat(user.call("EXEC")).startsWith("-EXECABORT");
            user.call("MULTI");
            user.call("SET", "k1", "w");
            admin.call("ACL", "SETUSER", "u", "-set");
            assertThat(user.call("EXEC")).contains("no permission to execute the command or subcommand");
            assertThat(admin.call("ACL", "LOG")).contains("$5\r\nmulti\r\n", "$3\r\nlua\r\n", "$8\r\ntoplevel\r\n");
            assertThat(admin.call("CLIENT", "LIST")).contains(" user=u ");
            assertThat(admin.call("ACL", "DELUSER", "u")).isEqualTo(":1\r\n");
            assertThat(user.rest()).isEmpty();
        }
    }

    @Test
    void knowsTheUsersOfTheFile() throws Exception {
        try (RawClient user = new RawClient(node.port(0))) {
            assertThat(user.call("HELLO", "2", "AUTH", "file", "pw")).startsWith("*14");
            assertThat(user.call("GET", "app:1")).isEqualTo("$-1\r\n");
            assertThat(user.call("SET", "app:1", "x")).startsWith("-NOPERM");
        }
    }

    @Test
    void loadsAndSavesAFileOfUsers(@TempDir Path folder, @TempDir Path other) throws Exception {
        Path file = folder.resolve("users.acl");
        Files.writeString(file, "user default on nopass ~* &* +@all\nuser bob on >pw ~b* resetchannels -@all +get\n");
        try (Cluster own = Cluster.start(other, "memory: 64MiB, acl-file: \"" + file + "\"", 1);
                RawClient raw = new RawClient(own.port(0))) {
            assertThat(raw.call("ACL", "LIST")).contains("~b* resetchannels -@all +get");
            raw.call("ACL", "SETUSER", "carl", "on", "nopass", "+ping");
            assertThat(raw.call("ACL", "SAVE")).isEqualTo("+OK\r\n");
            assertThat(Files.readString(file)).contains("user carl on nopass resetchannels -@all +ping\n");
            Files.writeString(file, "user bob on +nosuch\nuser carl on\n");
            assertThat(raw.call("ACL", "LOAD")).contains("users.acl:1: Error in ACL SETUSER modifier '+nosuch'");
            assertThat(raw.call("ACL", "LIST")).contains("user carl on nopass");
            Files.writeString(file, "user bob on\n");
            assertThat(raw.call("ACL", "LOAD")).isEqualTo("+OK\r\n");
            assertThat(raw.call("ACL", "USERS")).isEqualTo("*2\r\n$3\r\nbob\r\n$7\r\ndefault\r\n");
        }
    }
}
