package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.write.KeyWatch;
import io.plinth.kvcache.session.PubSub;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: which keyspace events are published, as notify-keyspace-events names them, and their publication. */
public final class KeyEvents implements KeyWatch {
    public static final int GENERIC = 1 << 2;
    public static final int STRING = 1 << 3;
    public static final int LIST = 1 << 4;
    public static final int SET = 1 << 5;
    public static final int HASH = 1 << 6;
    public static final int SORTED_SET = 1 << 7;
    public static final int EXPIRED = 1 << 8;
    public static final int EVICTED = 1 << 9;
    public static final int STREAM = 1 << 10;
    public static final int MISS = 1 << 11;
    public static final int NEW = 1 << 14;

    private static final int KEYSPACE = 1;
    private static final int KEYEVENT = 1 << 1;
    private static final int MODULE = 1 << 13;
    private static final String LETTERS = "KEg$lshzxetmdn";
    private static final int[] BITS = {
        KEYSPACE, KEYEVENT, GENERIC, STRING, LIST, SET, HASH, SORTED_SET, EXPIRED, EVICTED, STREAM, MISS, MODULE, NEW
    };
    /** What {@code A} stands for. */
    private static final int ALL =
            GENERIC | STRING | LIST | SET | HASH | SORTED_SET | EXPIRED | EVICTED | STREAM | MODULE;

    private final PubSub pubSub;
    private final Keyspace keyspace;
    private final AtomicBoolean listening = new AtomicBoolean();
    private volatile int wanted;

    public KeyEvents(PubSub pubSub, Keyspace keyspace) {
        this.pubSub = pubSub;
        this.keyspace = keyspace;
    }

    /** What no command does is read from the stream of changes, from the first time somebody wants it. */
    private void changed(Change change) {
        if (change.kind() == Change.Kind.EXPIRED) {
            publish(EXPIRED, "expired", change.db(), change.key());
        } else if (change.kind() == Change.Kind.EVICTED) {
            publish(EVICTED, "evicted", change.db(), change.key());
        }
    }

    @Override
    public void added(KeyRef key) {
        if (wants(NEW)) {
            publish(NEW, "new", key.db(), key.copy());
        }
    }

    @Override
    public void missed(KeyRef key) {
        if (wants(MISS)) {
            publish(MISS, "keymiss", key.db(), key.copy());
        }
    }

    @Override
    public void fieldsOver(int db, byte[] key, boolean last) {
        publish(HASH, "hexpired", db, key);
        if (last) {
            publish(GENERIC, "del", db, key);
        }
    }

    /** The bits of a text, or null where a letter is none. */
    private static @Nullable Integer parse(String text) {
        int bits = 0;
        for (int i = 0; i < text.length(); i++) {
            int letter = LETTERS.indexOf(text.charAt(i));
            if (letter < 0 && text.charAt(i) != 'A') {
                return null;
            }
            bits |= letter < 0 ? ALL : BITS[letter];
        }
        return bits;
    }

    /** Changes what is published; answers false where the text is not right. */
    public boolean set(String text) {
        Integer bits = parse(text);
        if (bits != null) {
            wanted = bits;
            keyspace.watch(wants(NEW | MISS | HASH | GENERIC) ? this : null);
            if (wants(EXPIRED | EVICTED) && listening.compareAndSet(false, true)) {
                keyspace.listen(this::changed);
            }
        }
        return bits != null;
    }

    /** As CONFIG GET shows it. */
    public String text() {
        int bits = wanted;
        StringBuilder text = new StringBuilder();
        boolean all = (bits & ALL) == ALL;
        if (all) {
            text.append('A');
        }
        String order = "g$lshzxetdKEmn";
        for (int i = 0; i < order.length(); i++) {
            int bit = BITS[LETTERS.indexOf(order.charAt(i))];
            if ((bits & bit) != 0 && !(all && (ALL & bit) != 0)) {
                text.append(order.charAt(i));
            }
        }
        return text.toString();
    }

    /** Whether events of a class are published at all. */
    public boolean wants(int type) {
        int bits = wanted;
        return (bits & type) != 0 && (bits & (KEYSPACE | KEYEVENT)) != 0;
    }

    /** Publishes an event of a key in a database of records, on this node only as Redis does. */
    public void publish(int type, String event, int db, byte[] key) {
        if (!wants(type)) {
            return;
        }
        int database = keyspace.databases().named(db);
        byte[] name = event.getBytes(StandardCharsets.ISO_8859_1);
        if ((wanted & KEYSPACE) != 0) {
            pubSub.publish(join("__keyspace@" + database + "__:", key), name);
        }
        if ((wanted & KEYEVENT) != 0) {
            pubSub.publish(join("__keyevent@" + database + "__:", name), key);
        }
    }

    private static byte[] join(String prefix, byte[] rest) {
        byte[] start = prefix.getBytes(StandardCharsets.ISO_8859_1);
        byte[] joined = java.util.Arrays.copyOf(start, start.length + rest.length);
        System.arraycopy(rest, 0, joined, start.length, rest.length);
        return joined;
    }
}
