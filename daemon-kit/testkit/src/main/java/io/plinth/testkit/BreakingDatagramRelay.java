package io.plinth.testkit;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A UDP relay on loopback that drops, duplicates and reorders datagrams in both directions. What becomes of the n-th datagram
 * of a direction follows from the seed.
 */
public final class BreakingDatagramRelay implements AutoCloseable {
    private static final int LARGEST = 65_535;

    private final DatagramSocket listener;
    private final InetSocketAddress target;
    private final Map<SocketAddress, DatagramSocket> clients = new ConcurrentHashMap<>();
    private final Dice toTarget;
    private final Dice fromTarget;
    private volatile Chances chances = new Chances(0, 0, 0);

    /** Of each datagram, from 0 to 1. */
    private record Chances(double drop, double duplicate, double reorder) {}

    private BreakingDatagramRelay(DatagramSocket listener, InetSocketAddress target, long seed) {
        this.listener = listener;
        this.target = target;
        SplittableRandom random = new SplittableRandom(seed);
        this.toTarget = new Dice(random.split());
        this.fromTarget = new Dice(random.split());
    }

    /** Listens on a free loopback port. */
    public static BreakingDatagramRelay to(InetSocketAddress target, long seed) throws IOException {
        DatagramSocket listener = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
        BreakingDatagramRelay relay = new BreakingDatagramRelay(listener, target, seed);
        Thread.ofVirtual().name("relay-udp").start(relay::fromClients);
        return relay;
    }

    /** Where to send instead of to the target. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** How likely a datagram is lost, comes twice, or comes after the next one. All 0 at first. */
    public BreakingDatagramRelay chances(double drop, double duplicate, double reorder) {
        chances = new Chances(drop, duplicate, reorder);
        return this;
    }

    /** Datagrams decided on so far, in both directions. */
    public long received() {
        return toTarget.thrown() + fromTarget.thrown();
    }

    @Override
    public void close() {
        listener.close();
        clients.values().forEach(DatagramSocket::close);
    }

    private void fromClients() {
        pump(listener, toTarget, (bytes, sender) -> {
            DatagramSocket socket = clients.get(sender);
            if (socket == null) {
                socket = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
                clients.put(sender, socket);
                DatagramSocket own = socket;
                Thread.ofVirtual()
                        .name("relay-udp-back")
                        .start(() -> pump(
                                own,
                                fromTarget,
                                (back, from) -> listener.send(new DatagramPacket(back, back.length, sender))));
            }
            socket.send(new DatagramPacket(bytes, bytes.length, target));
        });
    }

    private void pump(DatagramSocket from, Dice dice, Delivery delivery) {
        byte[] buffer = new byte[LARGEST];
        while (!from.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                from.receive(packet);
                dice.pass(Arrays.copyOf(buffer, packet.getLength()), packet.getSocketAddress(), chances, delivery);
            } catch (IOException e) {
                // Closed, or the target's port is not open (an ICMP error): datagrams are lost, as on a network.
            }
        }
    }

    /** Where a datagram goes on. */
    private interface Delivery {
        void to(byte[] bytes, SocketAddress sender) throws IOException;
    }

    /** A datagram that the next one overtakes. */
    private record Held(byte[] bytes, SocketAddress sender) {}

    /** One direction's chance. Always the same number of throws for a datagram, so that its fate depends on its place only. */
    private static final class Dice {
        private final SplittableRandom random;
        private @Nullable Held held;
        private long thrown;

        Dice(SplittableRandom random) {
            this.random = random;
        }

        synchronized long thrown() {
            return thrown;
        }

        synchronized void pass(byte[] bytes, SocketAddress sender, Chances chances, Delivery delivery)
                throws IOException {
            boolean drop = random.nextDouble() < chances.drop;
            boolean duplicate = random.nextDouble() < chances.duplicate;
            boolean reorder = random.nextDouble() < chances.reorder;
            thrown++;
            if (drop) {
                return;
            }
            Held before = held;
            if (reorder && before == null) {
                held = new Held(bytes, sender);
                return;
            }
            held = null;
            delivery.to(bytes, sender);
            if (duplicate) {
                delivery.to(bytes, sender);
            }
            if (before != null) {
                delivery.to(before.bytes, before.sender);
            }
        }
    }
}
