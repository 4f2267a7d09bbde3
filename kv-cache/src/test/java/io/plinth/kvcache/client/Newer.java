package io.plinth.kvcache.client;

import java.util.Arrays;
import java.util.List;

/**
 * Every command that Redis 7.0, which runs beside us, does not have, with the version it came with and where that is written; what is
 * not in this table fails the test. The replies are what that source says.
 */
enum Newer {
    CLIENT_SETINFO("client|setinfo", "7.2 release notes; redis.io/commands/client-setinfo"),
    CLIENT_NO_TOUCH("client|no-touch", "7.2 release notes; redis.io/commands/client-no-touch"),
    CLUSTER_MYSHARDID("cluster|myshardid", "7.2 release notes; redis.io/commands/cluster-myshardid"),
    HEXPIRE("hexpire", "7.4 release notes; redis.io/commands/hexpire; redis 7.4 tests/unit/type/hash-field-expire.tcl"),
    HPEXPIRE("hpexpire", HEXPIRE.source),
    HEXPIREAT("hexpireat", HEXPIRE.source),
    HPEXPIREAT("hpexpireat", HEXPIRE.source),
    HTTL("httl", HEXPIRE.source),
    HPTTL("hpttl", HEXPIRE.source),
    HEXPIRETIME("hexpiretime", HEXPIRE.source),
    HPEXPIRETIME("hpexpiretime", HEXPIRE.source),
    HPERSIST("hpersist", HEXPIRE.source),
    WAITAOF("waitaof", "7.2 release notes; redis.io/commands/waitaof"),
    CACHE_GET("cache.get", "own: cache patterns, see ARCHITECTURE.md"),
    CACHE_INVALIDATE("cache.invalidate", CACHE_GET.source),
    CACHE_NEGATIVE("cache.negative", CACHE_GET.source),
    CACHE_RELEASE("cache.release", CACHE_GET.source),
    CACHE_SET("cache.set", CACHE_GET.source),
    CACHE_STALE("cache.stale", CACHE_GET.source),
    CACHE_TAG("cache.tag", CACHE_GET.source),
    CACHE_TAGS("cache.tags", CACHE_GET.source),
    PUBLISH("plinth.publish", "own: a message for the subscribers of another node");

    /** What Redis 7.0 has and this node does not. */
    static final List<String> MISSING = List.of();

    /** A command and its reply, line ends as bars. */
    static final String[][] REPLIES = {
        {"CLIENT SETINFO LIB-NAME x", "+OK|"},
        {"CLIENT SETINFO LIB-VER 1.0", "+OK|"},
        {"CLIENT NO-TOUCH ON", "+OK|"},
        {"CLIENT NO-TOUCH OFF", "+OK|"},
        {"DEL h s", ":*"},
        {"SET s x", "+OK|"},
        {"HSET h a 1 b 2 c 3 d 4", ":4|"},
        {"HEXPIRE h 100 FIELDS 2 a nosuch", "*2|:1|:-2|"},
        {"HTTL h FIELDS 3 a b nosuch", "*3|:100|:-1|:-2|"},
        {"HPEXPIRE h 100000 NX FIELDS 2 a b", "*2|:0|:1|"},
        {"HPEXPIRE h 200000 XX FIELDS 2 a c", "*2|:1|:0|"},
        {"HEXPIRE h 100 GT FIELDS 2 a c", "*2|:0|:0|"},
        {"HEXPIRE h 100 LT FIELDS 3 a b c", "*3|:1|:*"},
        {"HEXPIREAT h 4000000000 FIELDS 1 a", "*1|:1|"},
        {"HEXPIRETIME h FIELDS 2 a d", "*2|:4000000000|:-1|"},
        {"HPEXPIREAT h 4000000000001 FIELDS 1 a", "*1|:1|"},
        {"HPEXPIRETIME h FIELDS 1 a", "*1|:4000000000001|"},
        {"HPERSIST h FIELDS 3 a d nosuch", "*3|:1|:-1|:-2|"},
        {"HPTTL h FIELDS 1 a", "*1|:-1|"},
        {"HEXPIRE h 0 FIELDS 1 a", "*1|:2|"},
        {"HEXPIREAT h 1 FIELDS 1 b", "*1|:2|"},
        {"HKEYS h", "*2|$1|c|$1|d|"},
        {"HEXPIRE nosuch 10 FIELDS 2 a b", "*2|:-2|:-2|"},
        {"HTTL nosuch FIELDS 1 a", "*1|:-2|"},
        {"HPERSIST nosuch FIELDS 1 a", "*1|:-2|"},
        {"HEXPIRE s 10 FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
        {"HEXPIRE s x FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
        {"HTTL s FIELDS 0 a", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
        {"HEXPIRE h -1 FIELDS 1 c", "-ERR invalid expire time, must be >= 0|"},
        {"HEXPIRE h x FIELDS 1 c", "-ERR value is not an integer or out of range|"},
        {"HEXPIRE h 99999999999 FIELDS 1 c", "-ERR invalid expire time in 'hexpire' command|"},
        {"HPEXPIREAT h 70368744177664 FIELDS 1 c", "-ERR invalid expire time in 'hpexpireat' command|"},
        {"HEXPIRE h 10 FIELDS 0 c", "-ERR Parameter `numFields` should be greater than 0|"},
        {"HEXPIRE h 10 FIELDS x c", "-ERR Parameter `numFields` should be greater than 0|"},
        {"HEXPIRE h 10 FIELDS 2 c", "-ERR The `numfields` parameter must match the number of arguments|"},
        {"HEXPIRE h 10 FIELD 1 c", "-ERR Mandatory argument FIELDS is missing or not at the right position|"},
        {"HEXPIRE h 10 NX XX FIELDS 1 c", "-ERR Mandatory argument FIELDS is missing or not at the right position|"},
        {"HTTL h FIELDS 0 c", "-ERR Number of fields must be a positive integer|"},
        {"HPERSIST h FIELDS 2 c", "-ERR The `numfields` parameter must match the number of arguments|"},
        {"HTTL h c 1 FIELDS", "-ERR Mandatory argument FIELDS is missing or not at the right position|"},
        {"HEXPIRE h 10", "-ERR wrong number of arguments for 'hexpire' command|"},
        {"HEXPIRE h 0 FIELDS 2 c d", "*2|:2|:2|"},
        {"EXISTS h", ":0|"},
    };

    private final String command;
    private final String source;

    Newer(String command, String source) {
        this.command = command;
        this.source = source;
    }

    static List<String> commands() {
        return Arrays.stream(values()).map(each -> each.command).sorted().toList();
    }

    @Override
    public String toString() {
        return command + " (" + source + ")";
    }
}
