package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the connection's event loop: received bytes become commands, in Redis's words for every mistake.
 *
 * <pre>
 * *3\r\n $3\r\n SET\r\n $1\r\n k\r\n $1\r\n v\r\n      multibulk
 * SET k "v with \x00"\r\n                               inline
 * </pre>
 *
 * <p>Nothing is sized from a length that was sent: the buffer grows with received bytes, the argument table with arguments.
 */
public final class RequestDecoder {
    /** What the decoder waits for. */
    private enum State {
        /** The first byte of a command. */
        COMMAND,
        /** A line of words. */
        INLINE,
        /** {@code *3\r\n}. */
        MULTIBULK,
        /** {@code $5\r\n}. */
        BULK_LENGTH,
        /** The bytes of an argument and its line end. */
        BULK,
        /** The same of an argument that goes elsewhere as it comes, or nowhere. */
        LONG_BULK
    }

    /** The smallest array for an unfinished command. */
    private static final int PARKED = 64;

    private static final int UNAUTHENTICATED_ARGS = 10;
    private static final int UNAUTHENTICATED_BULK = 16_384;

    private final WireLimits limits;
    private final ReadBuffers buffers;
    private final ClientMemory memory;
    private final LongArguments elsewhere;
    private final CopyRoom copies;
    private final Args args = new Args();
    private byte @Nullable [] buffer;
    /** Whether the array is the loop's, and does not count; between two reads it never is. */
    private boolean shared;
    /** The last command is yet to run: its bytes stay where they are. */
    private boolean kept;

    private int start;
    private int at;
    private int end;
    /** How far the line at {@link #at} was searched for its end. */
    private int searched;

    private long taken;
    private State state = State.COMMAND;
    private int missing;
    private int bulkLength;
    /** Of a long argument, its line end included, what is still to come. */
    private long left;

    private @Nullable LongArgument into;
    /** There is no memory for the command: the rest of it is read and forgotten. */
    private boolean refused;
    /** Where the arguments end that came before that. */
    private int keptEnd;

    private boolean restricted;

    public RequestDecoder(WireLimits limits, ReadBuffers buffers, ClientMemory memory) {
        this(limits, buffers, memory, LongArguments.NONE);
    }

    /** {@code elsewhere}: where long arguments go. */
    public RequestDecoder(WireLimits limits, ReadBuffers buffers, ClientMemory memory, LongArguments elsewhere) {
        this.limits = limits;
        this.buffers = buffers;
        this.memory = memory;
        this.elsewhere = elsewhere;
        this.copies = new CopyRoom(memory);
    }

    /** Whether the client may send only small commands, because it has yet to authenticate. */
    public void restrict(boolean restrict) {
        restricted = restrict;
    }

    /** Adds received bytes; the caller keeps its buffer. */
    public void feed(ByteBuf in) throws ProtocolException {
        arrive(in);
        if (!in.isReadable()) {
            return;
        }
        byte[] target = room(in.readableBytes());
        if (target == null) {
            if (state != State.BULK || end - at > bulkLength + 2L) {
                throw new ProtocolException("too much memory in unfinished requests");
            }
            // What came of it is forgotten; the arguments before it stay until the command is over.
            left = bulkLength + 2L - (end - at);
            end = at;
            refuse();
            feed(in);
            return;
        }
        int more = in.readableBytes();
        in.readBytes(target, end, more);
        end += more;
    }

    /** Takes what there is of a long argument past the array. */
    private void arrive(ByteBuf in) {
        if (state != State.LONG_BULK || at != end) {
            return;
        }
        int some = (int) Math.min(left, in.readableBytes());
        int data = Math.clamp(left - 2, 0, some);
        int behind = in.readerIndex() + some;
        LongArgument to = into;
        if (to != null && data > 0 && !to.add(in, data)) {
            refuse();
        }
        in.readerIndex(behind);
        left -= some;
    }

    private void drop() {
        LongArgument given = into;
        if (given != null) {
            given.release();
            into = null;
        }
        copies.give();
    }

    private void refuse() {
        drop();
        refused = true;
        keptEnd = at;
        state = State.LONG_BULK;
    }

    /** Where so many bytes more can be put; null where there is no memory for them. */
    private byte @Nullable [] room(int more) throws ProtocolException {
        byte[] current = buffer;
        if (current == null) {
            current = more <= ReadBuffers.SMALL ? buffers.takeSmall() : buffers.take();
            shared = true;
            start = 0;
            at = 0;
            end = 0;
            searched = 0;
        }
        buffer = current;
        if (end + more > current.length) {
            long needed = (long) (end - start) + more;
            if (needed > limits.maxRequest() + (long) ReadBuffers.SIZE) {
                throw new ProtocolException("too big request");
            }
            if (needed <= current.length && !kept) {
                move(current, current);
            } else if (needed <= ReadBuffers.SIZE) {
                byte[] target = buffers.take();
                move(current, target);
                if (shared) {
                    buffers.give(current);
                }
                memory.give(taken);
                taken = 0;
                shared = true;
                buffer = target;
            } else {
                return larger(current, needed);
            }
        }
        return buffer;
    }

    /** One of this connection's own; null where there is no memory for it beside the one before. */
    private byte @Nullable [] larger(byte[] current, long needed) throws ProtocolException {
        long most = Math.min(2L * current.length, limits.maxRequest());
        if (state == State.BULK) {
            // It ends there, and the read that ends it may have more behind it.
            most = Math.min(most, (at - start) + (long) bulkLength + 2 + ReadBuffers.SIZE);
        }
        int size = (int) Math.max(needed, most);
        if (!memory.take(size)) {
            return null;
        }
        taken += size;
        return own(current, size);
    }

    /** Moves what is not decoded to the beginning of an array. */
    private void move(byte[] from, byte[] to) {
        int held = end - start;
        System.arraycopy(from, start, to, 0, held);
        at -= start;
        searched -= start;
        keptEnd -= start;
        end = held;
        start = 0;
    }

    /** Moves what is not decoded to an array of this connection's own, which counts. */
    private byte[] own(byte[] from, int size) throws ProtocolException {
        account(size);
        byte[] target = new byte[size];
        move(from, target);
        if (shared) {
            shared = false;
            buffers.give(from);
        }
        buffer = target;
        return target;
    }

    /** Moves an unfinished command out of the array that the loop's connections share. */
    private void park() throws ProtocolException {
        byte[] current = buffer;
        if (current == null || !shared) {
            return;
        }
        int held = end - start;
        if (held > ReadBuffers.SIZE / 2) {
            account(ReadBuffers.SIZE);
            shared = false;
        } else {
            own(current, Math.max(PARKED, Integer.highestOneBit(held) << 1));
        }
    }

    /** Counts what is held, for a connection whose commands have to wait; its last command stays where it is. */
    public void keep() throws ProtocolException {
        kept = true;
        byte[] held = buffer;
        if (held != null && shared) {
            account(held.length);
            shared = false;
        }
    }

    private void account(long size) throws ProtocolException {
        if (!memory.take(size - taken)) {
            throw new ProtocolException("too much memory in unfinished requests");
        }
        taken = size;
    }

    /** Decodes the next command; answers false when more bytes are needed. */
    public boolean next() throws ProtocolException {
        kept = false;
        byte[] bytes = buffer;
        if (bytes == null) {
            return false;
        }
        for (; ; ) {
            boolean progress = switch (state) {
                case COMMAND -> command(bytes);
                case INLINE -> inline(bytes);
                case MULTIBULK -> multibulk(bytes);
                case BULK_LENGTH -> bulkLength(bytes);
                case BULK -> bulk();
                case LONG_BULK -> longBulk(bytes);
            };
            if (!progress) {
                forget(bytes);
                park();
                return false;
            }
            if (state == State.COMMAND && (args.count() > 0 || refused)) {
                args.at(bytes, start);
                start = at;
                return true;
            }
        }
    }

    /** Looks at what stands behind the last command; answers how many commands it knows the first argument of. */
    public int look(KeysAhead keys) {
        byte[] bytes = buffer;
        return bytes == null || state != State.COMMAND ? 0 : keys.look(bytes, at, end);
    }

    /** Whether the command that was decoded is not there, as there was no memory for all of it. */
    public boolean refused() {
        return refused;
    }

    /** The command that was decoded. */
    public Args args() {
        return args;
    }

    private boolean command(byte[] bytes) {
        start = at;
        searched = at;
        args.clear();
        copies.give();
        refused = false;
        if (at == end) {
            release();
            return false;
        }
        state = bytes[at] == '*' ? State.MULTIBULK : State.INLINE;
        return true;
    }

    /** Gives the array back while nothing unfinished lies in it. */
    private void release() {
        byte[] held = buffer;
        if (held != null) {
            buffer = null;
            if (shared) {
                shared = false;
                buffers.give(held);
            }
            memory.give(taken);
            taken = 0;
        }
    }

    // *3\r\n <here>
    private boolean multibulk(byte[] bytes) throws ProtocolException {
        int line = line(bytes, "too big mbulk count string");
        if (line < 0) {
            return false;
        }
        long count = Numbers.parse(bytes, at + 1, line - at - 1);
        if (count == Numbers.INVALID || count > limits.maxArgs()) {
            throw new ProtocolException("invalid multibulk length");
        }
        if (restricted && count > UNAUTHENTICATED_ARGS) {
            throw new ProtocolException("unauthenticated multibulk length");
        }
        after(line + 2);
        missing = (int) Math.max(0, count);
        state = missing == 0 ? State.COMMAND : State.BULK_LENGTH;
        return true;
    }

    // $5\r\n <here>
    private boolean bulkLength(byte[] bytes) throws ProtocolException {
        int line = line(bytes, "too big bulk count string");
        if (line < 0) {
            return false;
        }
        if (bytes[at] != '$') {
            throw new ProtocolException("expected '$', got '" + (char) (bytes[at] & 0xff) + "'");
        }
        long length = Numbers.parse(bytes, at + 1, line - at - 1);
        if (length == Numbers.INVALID || length < 0 || length > limits.maxBulk()) {
            throw new ProtocolException("invalid bulk length");
        }
        if (restricted && length > UNAUTHENTICATED_BULK) {
            throw new ProtocolException("unauthenticated bulk length");
        }
        after(line + 2);
        bulkLength = (int) length;
        if (!goesElsewhere(bytes) && args.total() + length > limits.maxRequest()) {
            throw new ProtocolException("too big request");
        }
        return true;
    }

    private boolean goesElsewhere(byte[] bytes) {
        if (!refused && bulkLength >= LongArguments.LONG) {
            args.at(bytes, start);
            into = args.count() == 0 ? null : elsewhere.begin(args, bulkLength);
            if (into == null && !copies.take(bulkLength)) {
                refuse();
            }
        }
        left = bulkLength + 2L;
        state = refused || into != null ? State.LONG_BULK : State.BULK;
        return state == State.LONG_BULK;
    }

    /** Moves what is still to be read over what came of a refused command: once a read, as it may have a million arguments. */
    private void forget(byte[] bytes) {
        if (refused && keptEnd < at) {
            System.arraycopy(bytes, at, bytes, keptEnd, end - at);
            end -= at - keptEnd;
            searched -= at - keptEnd;
            at = keptEnd;
        }
    }

    // hello\r\n <here>, none of which stays in the array
    private boolean longBulk(byte[] bytes) {
        int some = (int) Math.min(left, end - at);
        int data = Math.clamp(left - 2, 0, some);
        LongArgument to = into;
        if (to != null && data > 0 && !to.add(bytes, at, data)) {
            refuse();
        }
        if (refused) {
            after(at + some);
        } else {
            System.arraycopy(bytes, at + some, bytes, at, end - at - some);
            end -= some;
        }
        left -= some;
        if (left > 0) {
            return false;
        }
        LongArgument whole = into;
        if (whole != null) {
            args.add(whole);
            into = null;
        }
        after(at);
        missing--;
        state = missing == 0 ? State.COMMAND : State.BULK_LENGTH;
        return true;
    }

    // hello\r\n <here>
    private boolean bulk() {
        if (end - at < bulkLength + 2) {
            return false;
        }
        args.add(at - start, bulkLength);
        after(at + bulkLength + 2);
        missing--;
        state = missing == 0 ? State.COMMAND : State.BULK_LENGTH;
        return true;
    }

    /** Where the line at {@link #at} has its carriage return, once the byte after it is there too; -1 before. */
    private int line(byte[] bytes, String tooLong) throws ProtocolException {
        for (int i = searched; i < end; i++) {
            if (bytes[i] == '\r') {
                searched = i;
                return i + 1 < end ? i : -1;
            }
        }
        searched = end;
        if (end - at > limits.maxInline()) {
            throw new ProtocolException(tooLong);
        }
        return -1;
    }

    private void after(int position) {
        at = position;
        searched = position;
    }

    // SET k v\r\n <here>
    private boolean inline(byte[] bytes) throws ProtocolException {
        int line = -1;
        for (int i = searched; i < end; i++) {
            if (bytes[i] == '\n') {
                line = i;
                break;
            }
        }
        if ((line < 0 ? end : line) - at > limits.maxInline()) {
            throw new ProtocolException("too big inline request");
        }
        if (line < 0) {
            searched = end;
            return false;
        }
        int last = line > at && bytes[line - 1] == '\r' ? line - 1 : line;
        if (!InlineWords.split(bytes, at, last, start, args)) {
            throw new ProtocolException("unbalanced quotes in request");
        }
        after(line + 1);
        state = State.COMMAND;
        return true;
    }

    /** Gives up what is held; the connection is over. */
    public void close() {
        drop();
        args.clear();
        state = State.COMMAND;
        release();
    }

    /** Whether nothing is held that was received before. */
    public boolean empty() {
        return buffer == null;
    }

    /** For tests and CLIENT LIST, from any thread as it stands: bytes received and not yet decoded. */
    public int pending() {
        return buffer == null ? 0 : Math.max(0, end - at);
    }

    /** For CLIENT LIST, from any thread: bytes of the array held. */
    public int held() {
        byte[] held = buffer;
        return held == null ? 0 : held.length;
    }
}
