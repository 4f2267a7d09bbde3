package io.plinth.geodns.policy;

import io.plinth.geodns.place.GeoIndex;
import java.util.List;

/** A policy under what is healthy now: sends each client to its answer. Immutable, and allocates nothing. */
sealed interface Chooser {
    Choice choose(Client client);

    /** Whether it answers with something else than health would have it. */
    boolean allDown();

    /** The end of the way. */
    record End(Choice choice) implements Chooser {
        @Override
        public Choice choose(Client client) {
            if (client.isTraced()) {
                client.note(choice.policy() + ": member " + choice.member());
            }
            return choice;
        }

        @Override
        public boolean allDown() {
            return choice.allDown();
        }
    }

    /** By where the client is. */
    final class ByPlace implements Chooser {
        private final String policy;
        private final GeoIndex index;
        private final Chooser[] byOrder;

        ByPlace(String policy, GeoIndex index, List<Chooser> byOrder) {
            this.policy = policy;
            this.index = index;
            this.byOrder = byOrder.toArray(Chooser[]::new);
        }

        @Override
        public Choice choose(Client client) {
            int found = index.find(client.address(), client.bits());
            client.narrow(found & 0xFF);
            if (client.isTraced()) {
                client.note(policy + ": order " + index.orders().get(found >>> 8) + " by /" + (found & 0xFF));
            }
            return byOrder[found >>> 8].choose(client);
        }

        @Override
        public boolean allDown() {
            return byOrder[GeoIndex.UNKNOWN].allDown();
        }
    }

    /** By weight: at random, or always the same for a client's network. */
    final class Weighted implements Chooser {
        private static final int IPV4_BITS = 24;
        private static final int IPV6_BITS = 56;
        private static final long PRIME = 0x9E37_79B9_7F4A_7C15L;

        private final String policy;
        private final Chooser[] members;
        private final int[] weights;
        private final long[] salts;
        private final int total;
        private final boolean sticky;

        Weighted(String policy, List<String> names, List<Integer> weights, List<Chooser> members, boolean sticky) {
            this.policy = policy;
            this.members = members.toArray(Chooser[]::new);
            this.weights = weights.stream().mapToInt(Integer::intValue).toArray();
            this.salts = names.stream().mapToLong(Weighted::salt).toArray();
            this.total = weights.stream().mapToInt(Integer::intValue).sum();
            this.sticky = sticky;
        }

        private static long salt(String name) {
            long salt = 1;
            for (int i = 0; i < name.length(); i++) {
                salt = mix(salt ^ name.charAt(i));
            }
            return salt;
        }

        private static long mix(long word) {
            long mixed = (word ^ (word >>> 32)) * PRIME;
            mixed = (mixed ^ (mixed >>> 29)) * 0xBF58_476D_1CE4_E5B9L;
            return mixed ^ (mixed >>> 32);
        }

        @Override
        public Choice choose(Client client) {
            int member = sticky ? highest(client) : drawn(client);
            if (client.isTraced()) {
                client.note(policy + ": weight " + weights[member] + " of " + total + (sticky ? ", sticky" : ""));
            }
            return members[member].choose(client);
        }

        private int drawn(Client client) {
            int left = client.random().nextInt(total);
            int member = 0;
            while (left >= weights[member]) {
                left -= weights[member++];
            }
            return member;
        }

        /**
         * Rendezvous hashing with weights: each member draws for each network, and the highest draw wins. One that goes
         * away takes only its own networks with it.
         */
        private int highest(Client client) {
            byte[] address = client.address();
            int bits = address.length == 4 ? IPV4_BITS : IPV6_BITS;
            client.narrow(bits);
            long network = 0;
            for (int i = 0; i < bits / 8; i++) {
                network = network << 8 | (address[i] & 0xFF);
            }
            int best = 0;
            double highest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < members.length; i++) {
                double draw = ((mix(mix(network) ^ salts[i]) >>> 11) + 1) * 0x1.0p-53;
                double score = Math.log(draw) / weights[i];
                if (score > highest) {
                    highest = score;
                    best = i;
                }
            }
            return best;
        }

        @Override
        public boolean allDown() {
            return members[0].allDown();
        }
    }

    /** Sends a share of the clients of a loaded member to the next one. */
    record Shed(String policy, Chooser loaded, Chooser next, int percent) implements Chooser {
        @Override
        public Choice choose(Client client) {
            boolean away = client.random().nextInt(100) < percent;
            if (client.isTraced()) {
                client.note(policy + ": sheds " + percent + "%" + (away ? ", this one" : ", not this one"));
            }
            return (away ? next : loaded).choose(client);
        }

        @Override
        public boolean allDown() {
            return loaded.allDown();
        }
    }
}
