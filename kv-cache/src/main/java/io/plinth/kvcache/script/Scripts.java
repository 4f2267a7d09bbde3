package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: the scripts that are loaded, the libraries of functions, and the run that takes long. */
public final class Scripts {
    private static final int MAX_LOADED = 10_000;
    private static final int MAX_SEEN = 2_000;

    private volatile ScriptLimits limits;
    private final Libraries libraries = new Libraries();
    private final Map<String, Script> loaded = new ConcurrentHashMap<>();
    /** Scripts that came with EVAL: the least used go when there are many. */
    private final Map<String, Script> seen = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Script> eldest) {
            return size() > MAX_SEEN;
        }
    };

    private volatile @Nullable ScriptRun running;

    public Scripts(ScriptLimits limits) {
        this.limits = limits;
    }

    ScriptLimits limits() {
        return limits;
    }

    /** After how many milliseconds other clients are told that a script runs; 0 for never. */
    public long busyMillis() {
        return limits.busyMillis();
    }

    public void busyMillis(long millis) {
        limits = new ScriptLimits(limits.memory(), limits.steps(), millis);
    }

    /** Forgets every library of functions. */
    public void forgetLibraries() {
        libraries.flush();
    }

    /** The source of each library of functions. */
    public List<byte[]> libraryCodes() {
        return libraries.codes();
    }

    /** Tells of every change of the libraries from now on: all that there are then. */
    public void heard(Consumer<List<byte[]>> by) {
        libraries.heard(by);
    }

    Libraries libraries() {
        return libraries;
    }

    static String sha(byte[] bytes, int offset, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(bytes, offset, length);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A script by its SHA-1 in any case; null where it is not loaded. */
    @Nullable
    Script find(String sha) {
        Script script = loaded.get(sha);
        if (script != null || sha.length() != 40) {
            return script;
        }
        synchronized (seen) {
            script = seen.get(sha);
        }
        String lower = sha.toLowerCase(Locale.ROOT);
        return script != null || lower.equals(sha) ? script : find(lower);
    }

    /** The script of an EVAL. */
    Script eval(byte[] bytes, int offset, int length) {
        String sha = sha(bytes, offset, length);
        Script script = find(sha);
        if (script == null) {
            script = Script.compile(sha, new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
            synchronized (seen) {
                seen.put(sha, script);
            }
        }
        return script;
    }

    /** SCRIPT LOAD. */
    String load(byte[] text) {
        String sha = sha(text, 0, text.length);
        if (!loaded.containsKey(sha)) {
            if (loaded.size() >= MAX_LOADED) {
                throw new CommandException(
                        "ERR too many scripts are loaded (expected: at most " + MAX_LOADED + "; see SCRIPT FLUSH)");
            }
            loaded.put(sha, Script.compile(sha, new String(text, StandardCharsets.ISO_8859_1)));
        }
        return sha;
    }

    /** SCRIPT FLUSH. */
    void flush() {
        loaded.clear();
        synchronized (seen) {
            seen.clear();
        }
    }

    /** How many are loaded. */
    public int count() {
        synchronized (seen) {
            return loaded.size() + seen.size();
        }
    }

    /** Bytes of their source. */
    public long bytes() {
        long sum = loaded.values().stream().mapToLong(script -> script.bytes).sum();
        synchronized (seen) {
            return sum
                    + seen.values().stream().mapToLong(script -> script.bytes).sum();
        }
    }

    /** How many functions libraries have. */
    public int functions() {
        return libraries.functions();
    }

    /** A run takes long enough to be killed. */
    void runs(ScriptRun run) {
        running = run;
    }

    void over(ScriptRun run) {
        if (run.equals(running)) {
            running = null;
        }
    }

    /** The run that takes long, or null. */
    @Nullable
    ScriptRun running() {
        return running;
    }

    /** SCRIPT KILL and FUNCTION KILL. */
    void kill(boolean function) {
        ScriptRun run = running;
        if (run == null) {
            throw new CommandException("NOTBUSY No scripts in execution right now.");
        }
        if (run.dirty()) {
            throw new CommandException(
                    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either"
                            + " wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE"
                            + " command.");
        }
        if (run.function() != function) {
            throw new CommandException("BUSY Redis is busy running a script. You can only call "
                    + (run.function() ? "FUNCTION" : "SCRIPT") + " KILL or SHUTDOWN NOSAVE.");
        }
        run.kill();
    }
}
