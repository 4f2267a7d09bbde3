package io.plinth.kvcache.client;

import java.util.List;

/** Scripts as libraries send them, with calls in the order an application makes them. */
final class RealScripts {
    private static final String REDISSON_LOCK = """
        if ((redis.call('exists', KEYS[1]) == 0) or (redis.call('hexists', KEYS[1], ARGV[2]) == 1)) then
          redis.call('hincrby', KEYS[1], ARGV[2], 1);
          redis.call('pexpire', KEYS[1], ARGV[1]);
          return nil;
        end;
        return redis.call('exists', KEYS[1]) == 1 and 'held';
        """;
    private static final String REDISSON_UNLOCK = """
        if (redis.call('hexists', KEYS[1], ARGV[3]) == 0) then
          return nil;
        end;
        local counter = redis.call('hincrby', KEYS[1], ARGV[3], -1);
        if (counter > 0) then
          redis.call('pexpire', KEYS[1], ARGV[2]);
          return 0;
        else
          redis.call('del', KEYS[1]);
          redis.call('publish', KEYS[2], ARGV[1]);
          return 1;
        end;
        """;
    private static final String SIDEKIQ_POLL = """
        local key, now = KEYS[1], ARGV[1]
        local jobs = redis.call("zrange", key, "-inf", now, "byscore", "limit", 0, 1)
        if jobs[1] then
          redis.call("zrem", key, jobs[1])
          return jobs[1]
        end
        """;
    private static final String BULL_ADD = """
        local rcall = redis.call
        local args = cmsgpack.unpack(ARGV[1])
        local prefix, name, data = args[1], args[2], args[3]
        local id = rcall("INCR", prefix .. "id")
        local jobKey = prefix .. id
        rcall("HMSET", jobKey, "name", name, "data", data, "attempts", cjson.decode(data)["attempts"] or 0)
        rcall("LPUSH", prefix .. "wait", id)
        rcall("PUBLISH", prefix .. "waiting", id)
        return id .. ""
        """;
    private static final String BULL_MOVE = """
        local jobId = redis.call("RPOPLPUSH", KEYS[1] .. "wait", KEYS[1] .. "active")
        if not jobId then return {} end
        local jobKey = KEYS[1] .. jobId
        redis.call("HSET", jobKey, "processedOn", ARGV[1])
        return {redis.call("HGETALL", jobKey), jobId}
        """;
    private static final String SLIDING_WINDOW = """
        local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - window)
        local count = redis.call('ZCARD', KEYS[1])
        if count < limit then
          redis.call('ZADD', KEYS[1], now, now .. '-' .. count)
          redis.call('PEXPIRE', KEYS[1], window)
          return {1, limit - count - 1}
        end
        local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
        return {0, tonumber(oldest[2]) + window - now}
        """;
    private static final String TOKEN_BUCKET = """
        redis.replicate_commands()
        local tokens_key, timestamp_key = KEYS[1], KEYS[2]
        local rate, capacity, now, requested = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local ttl = math.floor(capacity / rate * 2)
        local last_tokens = tonumber(redis.call("get", tokens_key)) or capacity
        local last_refreshed = tonumber(redis.call("get", timestamp_key)) or 0
        local delta = math.max(0, now - last_refreshed)
        local filled_tokens = math.min(capacity, last_tokens + (delta * rate))
        local allowed = filled_tokens >= requested
        local new_tokens, allowed_num = filled_tokens, 0
        if allowed then
          new_tokens, allowed_num = filled_tokens - requested, 1
        end
        redis.call("setex", tokens_key, ttl, new_tokens)
        redis.call("setex", timestamp_key, ttl, now)
        return { allowed_num, new_tokens }
        """;
    /** {@code {"name":...}} packed for BullMQ's script: prefix, name, data. */
    private static final String PACKED = "\u0093\u00a6{bull}\u00a3job\u00af{\"attempts\": 3}";

    private RealScripts() {}

    static List<List<String>> calls() {
        return List.of(
                eval(REDISSON_LOCK, 1, "lock", "30000", "me:1"),
                eval(REDISSON_LOCK, 1, "lock", "30000", "me:1"),
                eval(REDISSON_LOCK, 1, "lock", "30000", "you:1"),
                eval(REDISSON_UNLOCK, 2, "lock", "channel", "0", "30000", "you:1"),
                eval(REDISSON_UNLOCK, 2, "lock", "channel", "0", "30000", "me:1"),
                eval(REDISSON_UNLOCK, 2, "lock", "channel", "0", "30000", "me:1"),
                List.of("ZADD", "schedule", "1", "job1", "2", "job2", "9", "job9"),
                eval(SIDEKIQ_POLL, 1, "schedule", "5"),
                eval(SIDEKIQ_POLL, 1, "schedule", "5"),
                eval(SIDEKIQ_POLL, 1, "schedule", "5"),
                List.of("EVAL", BULL_ADD, "0", PACKED),
                List.of("EVAL", BULL_ADD, "0", PACKED),
                eval(BULL_MOVE, 1, "{bull}", "1700000000"),
                eval(BULL_MOVE, 1, "{bull}", "1700000001"),
                eval(BULL_MOVE, 1, "{bull}", "1700000002"),
                eval(SLIDING_WINDOW, 1, "window", "1000", "100", "2"),
                eval(SLIDING_WINDOW, 1, "window", "1010", "100", "2"),
                eval(SLIDING_WINDOW, 1, "window", "1020", "100", "2"),
                eval(SLIDING_WINDOW, 1, "window", "1105", "100", "2"),
                eval(TOKEN_BUCKET, 2, "{b}tokens", "{b}time", "1", "3", "100", "1"),
                eval(TOKEN_BUCKET, 2, "{b}tokens", "{b}time", "1", "3", "100", "2"),
                eval(TOKEN_BUCKET, 2, "{b}tokens", "{b}time", "1", "3", "100", "1"),
                List.of("KEYS", "*x*"),
                List.of("MULTI"),
                List.of("SET", "m", "1"),
                List.of("EVAL", "return redis.call('incr', 'm') + redis.call('incr', 'undeclared')", "0"),
                List.of("EVAL", "return redis.call('nope')", "0"),
                List.of("EXEC"));
    }

    private static List<String> eval(String script, int keys, String... words) {
        List<String> call = new java.util.ArrayList<>(List.of("EVAL", script, Integer.toString(keys)));
        call.addAll(List.of(words));
        return call;
    }

    /** Functions and everything about them. */
    static List<List<String>> functions() {
        String library = """
            #!lua name=mylib
            local function get(k, a) return redis.call('get', k[1]) end
            redis.register_function('f1', function(k, a) return {k[1], a[1]} end)
            redis.register_function{function_name='f2', callback=get, flags={'no-writes'}, description='d'}
            """;
        String one = "#!lua name=one\nredis.register_function('err', function(k, a) error('x') end)";
        return List.of(
                List.of("FUNCTION", "LOAD", library),
                List.of("FUNCTION", "LOAD", library),
                List.of("FUNCTION", "LOAD", library + "\nnot lua"),
                List.of("FUNCTION", "LOAD", "REPLACE", library),
                List.of("FUNCTION", "LOAD", one),
                List.of("FCALL", "f1", "1", "k", "a"),
                List.of("FCALL", "f2", "1", "k"),
                List.of("FCALL_RO", "f2", "1", "k"),
                List.of("FCALL_RO", "f1", "1", "k"),
                List.of("FCALL", "err", "0"),
                List.of("FCALL", "nope", "0"),
                List.of("FCALL", "f1", "x"),
                List.of("FCALL", "f1", "-1"),
                List.of("FCALL", "f1", "5"),
                List.of("FUNCTION", "LIST", "LIBRARYNAME", "one", "WITHCODE"),
                List.of("FUNCTION", "LIST", "foo"),
                List.of("FUNCTION", "STATS"),
                List.of("FUNCTION", "KILL"),
                List.of("SCRIPT", "KILL"),
                List.of("FUNCTION", "DELETE", "none"),
                List.of("FUNCTION", "DELETE", "mylib"),
                List.of("FUNCTION", "LOAD", "return 1"),
                List.of("FUNCTION", "LOAD", "#!lua\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a b\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!foo name=a\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a!\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a name=b\nreturn 1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nx="),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nredis.call('get','a')"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('f')"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('f','g')"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('f-x',function() end)"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function{function_name='f'}"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nfoo=1"),
                List.of("FUNCTION", "LOAD", "#!lua name=a\nreturn foo"),
                List.of("FUNCTION", "LOAD", "#!lua name=b\nredis.register_function('err',function() end)"),
                List.of("FUNCTION", "FLUSH", "x"),
                List.of("FUNCTION", "RESTORE", "x"),
                List.of("FUNCTION", "nope"),
                List.of("FUNCTION", "FLUSH"),
                List.of("FUNCTION", "LIST"),
                List.of("SCRIPT", "LOAD", "return 1"),
                List.of("SCRIPT", "LOAD", "x="),
                List.of("SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "x"),
                List.of("EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "0"),
                List.of("EVALSHA", "x", "0"),
                List.of("EVALSHA_RO", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"),
                List.of("EVAL_RO", "return redis.call('set','a','b')", "0"),
                List.of("EVAL_RO", "return redis.call('get','a')", "0"),
                List.of("EVAL", "return 1"),
                List.of("EVAL", "return 1", "x"),
                List.of("EVAL", "return 1", "-1"),
                List.of("EVAL", "return 1", "2", "a"),
                List.of("SCRIPT", "FLUSH", "x"),
                List.of("SCRIPT", "DEBUG", "NO"),
                List.of("SCRIPT", "DEBUG", "x"),
                List.of("SCRIPT", "FLUSH", "SYNC"),
                List.of("EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"));
    }
}
