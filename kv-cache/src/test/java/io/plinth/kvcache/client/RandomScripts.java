package io.plinth.kvcache.client;

import java.util.SplittableRandom;

/** Random expressions and statements of Lua, right and wrong ones; nothing that depends on addresses or chance. */
final class RandomScripts {
    private static final String[] ATOMS = {
        "nil",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2.5",
        "1e15",
        "0.1",
        "''",
        "'a'",
        "'10'",
        "'0x1f'",
        "' 7 '",
        "x",
        "y",
        "t",
        "t.a",
        "t[1]",
        "t.t",
        "#t",
        "s",
        "f(1)",
        "f()",
        "t.f",
        "{}",
        "{1,2,n=3}",
        "(...)",
        "1/0",
        "KEYS",
        "1e100"
    };
    private static final String[] BINARY = {
        "+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"
    };
    private static final String[] CALLS = {
        "tostring(%s)",
        "tonumber(%s)",
        "type(%s)",
        "select(2, %s, %s)",
        "math.floor(%s)",
        "math.max(%s, %s)",
        "string.rep(%s, 3)",
        "string.sub(%s, %s)",
        "string.upper(%s)",
        "string.find(%s, %s)",
        "string.format('%%5s|%%d', %s, %s)",
        "string.format('%%g %%.3f', %s, %s)",
        "string.gsub(%s, 'a', %s)",
        "cjson.encode(%s)",
        "cjson.encode(cjson.decode(cjson.encode({%s})))",
        "#cmsgpack.pack(%s)",
        "table.concat({%s, %s}, '-')",
        "unpack({%s, %s})",
        "pcall(f, %s)",
        "pcall(function() return %s end)",
        "redis.pcall('echo', %s)",
        "(function(...) return select('#', ...) end)(%s, %s)",
        "bit.band(%s, %s)",
        "rawequal(%s, %s)",
        "rawget(%s, %s)",
        "next(%s)",
        "-(%s)",
        "not (%s)",
        "#(%s)",
        "(%s)[%s]",
        "(%s).a",
        "(%s)(%s)"
    };

    private final SplittableRandom random;

    RandomScripts(long seed) {
        random = new SplittableRandom(seed);
    }

    private String pick(String[] from) {
        return from[random.nextInt(from.length)];
    }

    private String expression(int depth) {
        int kind = depth == 0 ? 0 : random.nextInt(5);
        if (kind < 2) {
            return pick(ATOMS);
        }
        if (kind == 2) {
            return "(" + expression(depth - 1) + " " + pick(BINARY) + " " + expression(depth - 1) + ")";
        }
        return String.format(pick(CALLS), expression(depth - 1), expression(depth - 1));
    }

    private String statement(int depth) {
        String a = expression(2);
        return switch (random.nextInt(depth == 0 ? 4 : 9)) {
            case 0 -> "x = " + a;
            case 1 -> "t[" + expression(1) + "] = " + a;
            case 2 -> "x, y = " + a + ", " + expression(1);
            case 3 -> "local y = " + a;
            case 4 -> "if " + a + " then " + statement(depth - 1) + " else " + statement(depth - 1) + " end";
            case 5 -> "for i = 1, 3 do " + statement(depth - 1) + " end";
            case 6 -> "for k, v in pairs({a = 1, 5, b = " + a + "}) do x = k " + statement(depth - 1) + " end";
            case 7 -> "do local t = {a = y, [1] = " + a + "} " + statement(depth - 1) + " end";
            default -> "pcall(function() " + statement(depth - 1) + " end)";
        };
    }

    String next() {
        StringBuilder text = new StringBuilder("local x, y, s = 3, 'b', 'some text'\n"
                + "local function f(...) if select('#', ...) == 0 then error('none') end return ... end\n"
                + "local t = {4, a = 'aa', t = {1}, f = f}\n");
        for (int i = random.nextInt(4); i >= 0; i--) {
            text.append(statement(2)).append('\n');
        }
        // Addresses differ: what shows one is not compared.
        return text + "local r = {x, y, " + expression(3) + "}\n"
                + "for i = 1, 4 do if type(r[i]) == 'string' then r[i] ="
                + " string.gsub(r[i], '0x%x%x%x%x%x%x+', 'ADDR') end end\n"
                + "return r";
    }
}
