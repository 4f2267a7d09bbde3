package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Scripts that take too long or too much, that want out, and that many run at once. */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScriptLimitsIT {
    private final Cluster node;
    private final Cluster small;

    ScriptLimitsIT(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("small"));
        node = Cluster.start(
                folder,
                "memory: 64MiB, limits: { script-memory: 16MiB, script-steps: 300000000, script-busy: 100ms }",
                1);
        small = Cluster.start(folder.resolve("small"), "memory: 64MiB, limits: { script-steps: 2000000 }", 1);
    }

    @AfterAll
    void stop() {
        node.close();
        small.close();
    }

    private RawClient connect() throws Exception {
        return new RawClient(node.port(0));
    }

    private String metrics() throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + node.node(0).admin().getPort() + "/metrics");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void anEndlessScriptIsAnnouncedAndKilled() throws Exception {
        try (RawClient stuck = connect();
                RawClient other = connect();
                RawClient third = connect()) {
            stuck.send(RawClient.request(List.of("EVAL", "redis.call('get', KEYS[1]) while true do end", "1", "k")));
            Await.until("others are told", () -> other.call("GET", "k").startsWith("-BUSY "));
            assertThat(third.call("SET", "elsewhere", "1"))
                    .isEqualTo("-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN"
                            + " NOSAVE.\r\n");
            assertThat(third.call("FUNCTION", "KILL")).startsWith("-BUSY ");
            assertThat(other.call("SCRIPT", "KILL")).isEqualTo("+OK\r\n");
            assertThat(stuck.reply()).startsWith("-ERR Script killed by user with SCRIPT KILL. script: ");
            assertThat(other.call("SET", "k", "1")).isEqualTo("+OK\r\n");
            assertThat(third.call("SCRIPT", "KILL")).isEqualTo("-NOTBUSY No scripts in execution right now.\r\n");
        }
    }

    @Test
    void scriptsSeeTheVersionThatClientsDo() throws Exception {
        try (RawClient one = connect()) {
            String version = one.call("EVAL", "return redis.REDIS_VERSION", "0").split("\r\n", -1)[1];
            assertThat(one.call("INFO", "server")).contains("redis_version:" + version + "\r\n");
            String number = "local a, b, c = redis.REDIS_VERSION:match('(%d+).(%d+).(%d+)')"
                    + " return redis.REDIS_VERSION_NUM - (a * 65536 + b * 256 + c)";
            assertThat(one.call("EVAL", number, "0")).isEqualTo(":0\r\n");
        }
    }

    @Test
    void aScriptThatWroteCannotBeKilledAndEndsByItsSteps() throws Exception {
        String script =
                "for i=1,3e6 do end redis.call('set', KEYS[1], 1) redis.call('publish', 'wrote', 1) while true do end";
        try (RawClient stuck = connect();
                RawClient told = connect();
                RawClient other = connect()) {
            told.call("SUBSCRIBE", "wrote");
            stuck.send(RawClient.request(List.of("EVAL", script, "1", "w")));
            told.reply();
            assertThat(other.call("SCRIPT", "KILL")).startsWith("-UNKILLABLE ");
            assertThat(stuck.reply()).startsWith("-ERR Script used more than 300000000 steps script: ");
            assertThat(other.call("GET", "w")).isEqualTo("$1\r\n1\r\n");
        }
    }

    @Test
    void aWaitingCommandOfTheSameKeyIsServedAfterwards() throws Exception {
        try (RawClient slow = connect();
                RawClient other = connect()) {
            slow.send(RawClient.request(List.of(
                    "EVAL",
                    "redis.call('get', KEYS[1]) for i=1,3e6 do end return redis.call('incr', KEYS[1])",
                    "1",
                    "n")));
            List<String> replies = new ArrayList<>();
            Await.until("the key is free", () -> {
                replies.add(other.call("GET", "n"));
                return replies.getLast().equals("$1\r\n1\r\n");
            });
            assertThat(slow.reply()).isEqualTo(":1\r\n");
            assertThat(replies)
                    .allMatch(reply ->
                            reply.equals("$-1\r\n") || reply.equals("$1\r\n1\r\n") || reply.startsWith("-BUSY"));
        }
    }

    @Test
    void whoWaitsForAKeyOfAStuckScriptIsAnsweredInTimeAndWhoWatchesItMayLeave() throws Exception {
        try (RawClient stuck = connect();
                RawClient waiting = connect();
                RawClient other = connect()) {
            try (RawClient watching = connect()) {
                watching.call("WATCH", "held");
                waiting.send(RawClient.request(List.of("BLPOP", "held", "1")));
                Await.until("it waits", () -> other.call("INFO", "clients").contains("blocked_clients:1"));
                stuck.send(RawClient.request(
                        List.of("EVAL", "redis.call('get', KEYS[1]) while true do end", "1", "held")));
                Await.until("others are told", () -> other.call("GET", "held").startsWith("-BUSY "));
            }
            assertThat(waiting.reply()).isEqualTo("*-1\r\n");
            assertThat(metrics()).contains("kvcache_keys ");
            assertThat(other.call("SCRIPT", "KILL")).isEqualTo("+OK\r\n");
            assertThat(stuck.reply()).startsWith("-ERR Script killed");
            assertThat(waiting.call("RPUSH", "held", "v")).isEqualTo(":1\r\n");
            assertThat(other.call("BLPOP", "held", "1")).isEqualTo("*2\r\n$4\r\nheld\r\n$1\r\nv\r\n");
        }
    }

    @Test
    void memoryIsLimitedAndGarbageDoesNotCount() throws Exception {
        List<String> tooMuch = List.of(
                "local s='x' while true do s=s..s end",
                "local t={} while true do t[#t+1]={} end",
                "local t={} for i=1,1e9 do t[i]=i end",
                "return string.rep('x', 1e9)",
                "local t={} for i=1,1e7 do t[i]=('x'):rep(1000)..i end",
                "local t={} while true do t={t} end",
                "local f=function() end while true do local g=f f=function() return g end end",
                "local s=('x'):rep(1e6) return string.gsub(s,'x',s)",
                "local s=('x'):rep(1e6) local t={} for i=1,100 do t[i]=s end return table.concat(t)",
                "local s=('x'):rep(4e6) local function f(...) return select('#',...) end return"
                        + " f(s..1,s..2,s..3,s..4,s..5,s..6)",
                "return cjson.encode(setmetatable({('x'):rep(15e6),('y'):rep(15e6)},{}))",
                "local t={} for i=1,1e6 do t[i]=coroutine.create(function() end) end");
        try (RawClient client = connect()) {
            for (String script : tooMuch) {
                assertThat(client.call("EVAL", script, "0")).as(script).contains("not enough memory");
            }
            String garbage = "local n=0 for i=1,300 do local s=string.rep('x',1e6)..i n=n+#s end return n";
            assertThat(client.call("EVAL", garbage, "0")).isEqualTo(":300000792\r\n");
            assertThat(client.call("EVAL", "return {pcall(string.rep,'x',1e9)}", "0"))
                    .isEqualTo("*2\r\n$-1\r\n$17\r\nnot enough memory\r\n");
        }
    }

    @Test
    void nothingLeadsOut() throws Exception {
        List<String> attempts = List.of(
                "return tostring(rawget(_G,'os'))..tostring(rawget(_G,'io'))..tostring(rawget(_G,'require'))",
                "return tostring(rawget(_G,'debug'))..tostring(rawget(_G,'package'))..tostring(rawget(_G,'dofile'))",
                "return tostring(rawget(_G,'getfenv'))..tostring(rawget(_G,'newproxy'))..tostring(rawget(_G,'print'))");
        List<String> refused = List.of(
                "getmetatable(_G).__index=function() return 1 end",
                "setmetatable(_G,nil)",
                "getmetatable('').__index.rep=nil",
                "rawset(redis,'call',nil)",
                "table.insert(string,1)",
                "for k in pairs(math) do math[k]=nil end",
                "coroutine.create=nil",
                "local s=string.dump(function() end)",
                "cjson.encode=nil",
                "server.call=nil",
                "bit.band=nil",
                "struct.pack=nil");
        try (RawClient client = new RawClient(small.port(0))) {
            for (String script : attempts) {
                assertThat(client.call("EVAL", script, "0")).as(script).isEqualTo("$9\r\nnilnilnil\r\n");
            }
            for (String script : refused) {
                assertThat(client.call("EVAL", script, "0")).as(script).startsWith("-ERR ");
            }
            assertThat(client.call("EVAL", "return tostring(loadstring('\\27Lua'))", "0"))
                    .isEqualTo("$3\r\nnil\r\n");
            assertThat(client.call("EVAL", "return server.call('ping')", "0")).isEqualTo("+PONG\r\n");
            assertThat(client.call("EVAL", "return {pcall(function() while true do pcall(error) end end)}", "0"))
                    .contains("steps");
            assertThat(client.call("EVAL", "return string.find(('a'):rep(40),('a?'):rep(40)..('a'):rep(40))", "0"))
                    .satisfiesAnyOf(
                            r -> assertThat(r).contains("steps"),
                            r -> assertThat(r).startsWith(":"));
            assertThat(client.call("EVAL", "local function f(t) return {f({t})} end return f({})", "0"))
                    .contains("stack overflow");
        }
    }

    @Test
    void keysBuiltInsideAreChangedAtomically() throws Exception {
        // Each moves between keys it does not declare; the sum is the same at every moment.
        String move = "local a,b='acct:'..ARGV[1],'acct:'..ARGV[2] if redis.call('decr',a)<0 then redis.call('incr',a)"
                + " return 0 end redis.call('incr',b) return 1";
        String sum = "local s=0 for i=0,7 do s=s+redis.call('get','acct:'..i) end return s";
        List<Thread> movers = new ArrayList<>();
        List<String> problems = java.util.Collections.synchronizedList(new ArrayList<>());
        try (RawClient client = connect()) {
            for (int i = 0; i < 8; i++) {
                client.call("SET", "acct:" + i, "100");
            }
            for (int n = 0; n < 4; n++) {
                int seed = n;
                movers.add(Thread.ofVirtual().start(() -> {
                    try (RawClient mover = connect()) {
                        var random = new java.util.SplittableRandom(seed);
                        for (int i = 0; i < 400; i++) {
                            String from = Integer.toString(random.nextInt(8));
                            String to = Integer.toString(random.nextInt(8));
                            String reply = i % 5 == 0
                                    ? mover.call("EVAL", sum, "0")
                                    : i % 7 == 0
                                            ? mover.call("MSET", "x" + from, "1", "y" + to, "2", "acct", "3")
                                            : mover.call("EVAL", move, "0", from, to);
                            if (i % 5 == 0 && !reply.equals(":800\r\n")) {
                                problems.add(reply);
                            }
                        }
                    } catch (Exception e) {
                        problems.add(e.toString());
                    }
                }));
            }
            for (Thread mover : movers) {
                mover.join();
            }
            assertThat(problems).isEmpty();
            assertThat(client.call("EVAL", sum, "0")).isEqualTo(":800\r\n");
        }
    }

    @Test
    void aScriptWakesWhoWaits() throws Exception {
        try (RawClient waiting = connect();
                RawClient client = connect()) {
            waiting.send(RawClient.request(List.of("BLPOP", "built:1", "0")));
            assertThat(client.call("EVAL", "return redis.call('rpush', 'built:' .. ARGV[1], 'v')", "0", "1"))
                    .isEqualTo(":1\r\n");
            assertThat(waiting.reply()).isEqualTo("*2\r\n$7\r\nbuilt:1\r\n$1\r\nv\r\n");
        }
    }
}
