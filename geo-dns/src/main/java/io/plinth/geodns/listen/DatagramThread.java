package io.plinth.geodns.listen;

import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.Responder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its own thread: reads what a UDP socket has with one recvmmsg, answers it and sends the answers with one
 * sendmmsg. An answer waits for no query that is not there yet.
 *
 * <pre>
 *  mmsghdr: name*(64) namelen(32) pad(32) iov*(64) iovlen(64) control*(64) controllen(64) flags(32) pad(32) len(32) pad(32)
 *  iovec:   base*(64) len(64)
 * </pre>
 */
final class DatagramThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(DatagramThread.class);
    private static final int BATCH = 64;
    /** An odd number of cache lines, so that the first lines of all slots do not fall into a few places of the cache. */
    private static final long SLOT = UdpHandler.LARGEST_QUERY + 64;

    private static final long OUT = 4_096;
    private static final long HEADER = 64;
    private static final long NAME = 32;
    private static final int NAME_LENGTH = 28;
    private static final long VECTOR = 16;
    private static final int MESSAGE_LENGTH_AT = 56;
    private static final int NAME_LENGTH_AT = 8;
    private static final int VECTOR_AT = 16;
    private static final int VECTOR_COUNT_AT = 24;
    private static final int AF_INET = 2;
    private static final long MAPPED_LOW = 0xFFFFL;
    /** How soon a thread that nobody asks anything sees that it is to end. */
    private static final int PATIENCE_MILLIS = 50;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private final int socket;
    private final ResponderFactory responders;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final byte[] in = new byte[UdpHandler.LARGEST_QUERY];
    private final byte[] out = new byte[Responder.OUT];
    private final byte[] ipv4 = new byte[4];
    private final byte[] ipv6 = new byte[16];
    private volatile boolean stopping;

    /** A thread's work on a socket, whose owner closes it after {@link #awaitEnd}. */
    DatagramThread(int socket, ResponderFactory responders) {
        this.socket = socket;
        this.responders = responders;
    }

    /** Asks the thread to end. */
    void stop() {
        stopping = true;
    }

    /** Waits until the thread has ended. */
    void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined()) {
            SystemCalls calls = new SystemCalls(arena);
            int waits = calls.waiting(socket, PATIENCE_MILLIS);
            if (waits < 0) {
                throw new IllegalStateException("udp socket " + socket + " - cannot wait: errno " + -waits);
            }
            new Loop(calls, arena, responders.create()).run();
            // Whoever has the socket next may not want it to wait.
            calls.waiting(socket, false);
        } catch (RuntimeException e) {
            LOG.error("udp - thread ends", e);
        } finally {
            ended.countDown();
        }
    }

    private final class Loop {
        private final SystemCalls calls;
        private final Responder responder;
        private final MemorySegment received;
        private final MemorySegment sent;
        private final MemorySegment names;
        private final MemorySegment vectors;
        private final MemorySegment queries;
        private final MemorySegment answers;

        Loop(SystemCalls calls, Arena arena, Responder responder) {
            this.calls = calls;
            this.responder = responder;
            this.received = arena.allocate(BATCH * HEADER, 64);
            this.sent = arena.allocate(BATCH * HEADER, 64);
            this.names = arena.allocate(BATCH * NAME, 64);
            this.vectors = arena.allocate(2 * BATCH * VECTOR, 64);
            this.queries = arena.allocate(BATCH * SLOT, 64);
            this.answers = arena.allocate(BATCH * OUT, 64);
            for (int i = 0; i < BATCH; i++) {
                point(received, i, vectors.address() + i * VECTOR, names.address() + i * NAME);
                vectors.set(LONG, i * VECTOR, queries.address() + i * SLOT);
                vectors.set(LONG, i * VECTOR + 8, UdpHandler.LARGEST_QUERY);
                point(sent, i, vectors.address() + (BATCH + i) * VECTOR, 0);
            }
        }

        private static void point(MemorySegment headers, int index, long vector, long name) {
            headers.set(LONG, index * HEADER, name);
            headers.set(INT, index * HEADER + NAME_LENGTH_AT, NAME_LENGTH);
            headers.set(LONG, index * HEADER + VECTOR_AT, vector);
            headers.set(LONG, index * HEADER + VECTOR_COUNT_AT, 1);
        }

        void run() {
            while (!stopping) {
                int count = calls.receive(socket, received, BATCH);
                if (count > 0) {
                    send(answer(count));
                } else if (count == -SystemCalls.EAGAIN) {
                    // Nothing came for a while, or who handed us the socket made it not wait.
                    calls.waiting(socket, true);
                } else if (count < 0 && count != -SystemCalls.EINTR) {
                    LOG.debug("udp - recvmmsg errno={}", -count);
                }
            }
        }

        /** Answers a batch; how many answers there are. */
        private int answer(int count) {
            int filled = 0;
            long end = 0;
            for (int i = 0; i < count; i++) {
                long header = i * HEADER;
                int length = received.get(INT, header + MESSAGE_LENGTH_AT);
                MemorySegment.copy(queries, BYTE, i * SLOT, in, 0, length);
                int written = responder.datagram(in, 0, length, source(i * NAME), out);
                if (written > 0) {
                    // One behind the other: few lines of the cache for all of them.
                    MemorySegment.copy(out, 0, answers, BYTE, end, written);
                    vectors.set(LONG, (BATCH + filled) * VECTOR, answers.address() + end);
                    vectors.set(LONG, (BATCH + filled) * VECTOR + 8, written);
                    end += written;
                    sent.set(LONG, filled * HEADER, names.address() + i * NAME);
                    sent.set(INT, filled * HEADER + NAME_LENGTH_AT, received.get(INT, header + NAME_LENGTH_AT));
                    filled++;
                }
                received.set(INT, header + NAME_LENGTH_AT, NAME_LENGTH);
            }
            return filled;
        }

        /** IPv4 in an IPv6 socket's form is IPv4. */
        private byte[] source(long name) {
            if (names.get(ValueLayout.JAVA_SHORT, name) == AF_INET) {
                MemorySegment.copy(names, BYTE, name + 4, ipv4, 0, ipv4.length);
                return ipv4;
            }
            if (names.get(ValueLayout.JAVA_LONG_UNALIGNED, name + 8) == 0
                    && (names.get(INT, name + 16) >>> 16) == MAPPED_LOW
                    && (names.get(INT, name + 16) & 0xFFFF) == 0) {
                MemorySegment.copy(names, BYTE, name + 20, ipv4, 0, ipv4.length);
                return ipv4;
            }
            MemorySegment.copy(names, BYTE, name + 8, ipv6, 0, ipv6.length);
            return ipv6;
        }

        private void send(int count) {
            int from = 0;
            while (from < count) {
                int done = calls.send(socket, from == 0 ? sent : sent.asSlice(from * HEADER), count - from);
                if (done > 0) {
                    from += done;
                } else if (done != -SystemCalls.EINTR) {
                    // The first one cannot be sent; a full buffer takes the others neither, but soon may.
                    responder.counters().count(QueryCounters.Event.DROPPED);
                    from++;
                }
            }
        }
    }
}
