package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keyspace events of all classes, new keys and misses among them: the same messages in the same order as Redis's. Left out: CONFIG
 * GET, which in 7.0 forgets the letter n.
 */
@Timeout(60)
@RequiresPeer("redis-server")
class KeyEventsDifferentialIT {
    private static final String[] COMMANDS = {
        "SET s 1",
        "SET s 2",
        "SET s x GET",
        "SET t x NX GET",
        "GET s",
        "GET no",
        "MGET s no no2",
        "GETEX no",
        "GETDEL no",
        "GETSET g x",
        "GETSET g y",
        "SETNX s 1",
        "SETNX n1 1",
        "MSET s 1 m1 1",
        "MSETNX m2 1 m3 1",
        "INCR i",
        "INCR i",
        "INCRBYFLOAT f 1.5",
        "APPEND a x",
        "APPEND a y",
        "SETRANGE r 1 x",
        "GETRANGE no 0 1",
        "STRLEN no",
        "SETBIT b 1 1",
        "SETBIT b 2 1",
        "GETBIT no 1",
        "BITCOUNT no",
        "BITPOS no 1",
        "BITOP AND b2 b b",
        "BITOP AND b2 no no2",
        "BITFIELD bf SET u8 0 1",
        "LCS s no",
        "PFADD p x",
        "PFADD p x",
        "PFCOUNT no",
        "PFMERGE p2 p",
        "EXISTS no s",
        "TYPE no",
        "TTL no",
        "PTTL no",
        "EXPIRETIME no",
        "TOUCH no",
        "DUMP no",
        "OBJECT ENCODING no",
        "EXPIRE no 1",
        "PERSIST no",
        "DEL no",
        "RENAME s s2",
        "RENAME s2 t",
        "RENAMENX t t2",
        "COPY t2 t3",
        "COPY t2 t3 REPLACE",
        "COPY no t4",
        "MOVE t3 1",
        "MOVE no 1",
        "LPUSH l 1 2",
        "RPUSH l 3",
        "LPUSHX no 1",
        "LRANGE no 0 1",
        "LLEN no",
        "LINDEX no 1",
        "LPOP no",
        "LMOVE l l2 LEFT LEFT",
        "RPOPLPUSH l l2",
        "LPOP l2 2",
        "SORT l2",
        "SORT l2 STORE l3",
        "RPUSH l2 5 4",
        "SORT l2 STORE l3",
        "SORT l2 STORE l3",
        "LPOS no x",
        "SADD se a b",
        "SADD se c",
        "SISMEMBER no a",
        "SMEMBERS no",
        "SCARD no",
        "SINTER no se",
        "SDIFF no se",
        "SINTERSTORE se2 se se",
        "SINTERSTORE se2 se se",
        "SUNIONSTORE se2 no no2",
        "SMOVE se se3 a",
        "SPOP se3",
        "SRANDMEMBER no",
        "SINTERCARD 1 no",
        "HSET h f 1",
        "HSET h g 2",
        "HGET no f",
        "HGETALL no",
        "HMGET no f",
        "HLEN no",
        "HEXISTS no f",
        "HKEYS no",
        "HINCRBY h2 f 1",
        "HSETNX h3 f 1",
        "HRANDFIELD no",
        "HSTRLEN no f",
        "HDEL h3 f",
        "HSCAN no 0",
        "ZADD z 1 a 2 b",
        "ZADD z 3 c",
        "ZSCORE no a",
        "ZRANGE no 0 1",
        "ZRANK no a",
        "ZCARD no",
        "ZCOUNT no 0 1",
        "ZRANGEBYSCORE no 0 1",
        "ZRANGESTORE z2 z 0 1",
        "ZRANGESTORE z2 z 0 1",
        "ZUNIONSTORE z3 2 z no",
        "ZUNIONSTORE z3 1 z",
        "ZINTERSTORE z3 2 z no",
        "ZINCRBY z4 1 a",
        "ZPOPMIN z4",
        "ZPOPMIN no",
        "ZMSCORE no a",
        "ZRANDMEMBER no",
        "ZDIFF 2 no z",
        "GEOADD geo 13 38 x",
        "GEOPOS no x",
        "GEODIST no x y",
        "GEOHASH no x",
        "GEOSEARCH no FROMLONLAT 1 1 BYRADIUS 1 km",
        "GEOSEARCHSTORE geo2 geo FROMLONLAT 13 38 BYRADIUS 1 km",
        "XADD x 1-1 f v",
        "XADD x 2-1 f v",
        "XLEN no",
        "XRANGE no - +",
        "XREAD STREAMS no 0",
        "XREAD STREAMS no x $ $",
        "XGROUP CREATE x gr 0",
        "XGROUP CREATE x2 gr 0 MKSTREAM",
        "XREADGROUP GROUP gr c COUNT 1 STREAMS x >",
        "XDEL x 1-1",
        "XTRIM x MAXLEN 0",
        "XPENDING x gr",
        "MULTI",
        "SET mu 1",
        "GET muno",
        "EXEC",
        "EVAL return{redis.call('set','ev',1),redis.call('get','evno')} 0",
        "SELECT 1",
        "GET no",
        "SET other 1",
        "SELECT 0",
        "PSETEX px 100000 v",
    };

    @Test
    void saysWhatRedisSays(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                Scenario ours = new Scenario(node.port(0));
                Scenario theirs = new Scenario(peer.port())) {
            List<String> lines =
                    new ArrayList<>(List.of("A: CONFIG SET notify-keyspace-events AKEnm", "B: PSUBSCRIBE __key*"));
            for (String command : COMMANDS) {
                lines.add("A: " + command);
            }
            List<String> said = ours.run(lines.toArray(String[]::new));
            List<String> expected = theirs.run(lines.toArray(String[]::new));
            assertThat(String.join("\n", said)).isEqualTo(String.join("\n", expected));
        } finally {
            peer.close();
        }
    }
}
