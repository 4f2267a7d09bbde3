package io.plinth.geodns.differential;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Seeded queries for what stands in a zone and near it; at most one thing is odd about each. */
final class RandomQuestions {
    private static final int[] TYPES = {
        1, 1, 1, 28, 28, 2, 5, 6, 12, 15, 16, 16, 33, 35, 39, 43, 44, 52, 64, 65, 256, 257, 29, 13, 65_280, 65_281,
        65_283
    };
    /** Of signed zones, or of no zone we have. */
    private static final int[] ABSENT = {46, 47, 48, 50, 51, 59, 60, 61, 99, 17, 18, 99, 3, 4, 10, 1_000, 40_000};

    private static final int[] META = {0, 41, 249, 250};
    private static final int[] UNKNOWN_META = {128, 200, 245, 248};
    private static final int[] SIZES = {0, 100, 511, 512, 513, 700, 1_000, 1_231, 1_232, 1_233, 4_096, 65_535};

    private final SplittableRandom random;
    private final List<String> owners;
    private final String origin;

    RandomQuestions(RandomZone zone, SplittableRandom random) {
        this.random = random;
        this.owners = zone.owners();
        this.origin = zone.origin();
    }

    Question next() {
        Draft draft = new Draft();
        draft.name = name(text());
        draft.type = random.nextInt(8) == 0 ? pick(ABSENT) : pick(TYPES);
        draft.id = random.nextInt(0x10000);
        // RD, CD and AD as clients have them.
        draft.flags = (random.nextInt(3) == 0 ? 0x0100 : 0) | (random.nextInt(4) == 0 ? 0x0010 : 0);
        if (random.nextInt(10) < 6) {
            draft.edns(pick(SIZES), random.nextInt(4) == 0);
        }
        boolean stream = random.nextInt(12) == 0;
        String kind = draft.type == 43 ? "ds" : draft.type >= 46 && draft.type <= 61 ? "signed" : "query";
        switch (kind.equals("query") ? random.nextInt(40) : -1) {
            case 0 -> kind = odd(draft);
            case 1 -> {
                kind = malformed(draft);
                stream = false;
            }
            case 2 -> {
                kind = "any";
                draft.type = 255;
            }
            case 3 -> kind = option(draft);
            default -> {
                // Nothing odd.
            }
        }
        return new Question(draft.octets(), kind, draft.hasEdns ? draft.payload : 0, stream, draft.text());
    }

    private String odd(Draft draft) {
        return switch (random.nextInt(9)) {
            case 0 -> {
                draft.klass = pick(new int[] {0, 2, 4, 254, 77});
                yield "class";
            }
            case 1 -> {
                draft.klass = 255;
                yield "class-any";
            }
            case 2 -> {
                draft.klass = 3;
                yield "chaos";
            }
            case 3 -> {
                draft.flags |= pick(new int[] {1, 2, 3, 6, 7, 15}) << 11;
                yield "opcode";
            }
            case 4 -> {
                draft.type = random.nextBoolean() ? 251 : 252;
                yield "transfer";
            }
            case 5 -> {
                draft.type = random.nextBoolean() ? 253 : 254;
                yield "mail";
            }
            case 6 -> {
                draft.type = pick(META);
                yield "meta";
            }
            case 7 -> {
                draft.type = pick(UNKNOWN_META);
                yield "unknown-meta";
            }
            default -> {
                // AA, TC, RA, Z, AD and a code mean nothing in a query.
                draft.flags |= 1 << pick(new int[] {10, 9, 7, 6, 5, 0, 3});
                yield "flags";
            }
        };
    }

    private String option(Draft draft) {
        draft.edns(pick(SIZES), random.nextBoolean());
        return switch (random.nextInt(9)) {
            case 0 -> {
                draft.option(3);
                yield "nsid";
            }
            case 1 -> {
                draft.option(10, octets(8));
                yield "cookie";
            }
            case 2 -> {
                draft.option(8, 0, 1, 24, 0, 192, 0, 2);
                yield "subnet";
            }
            case 3 -> {
                draft.option(8, 0, 1, 0, 0);
                yield "subnet-none";
            }
            case 4 -> {
                draft.option(8, 0, 2, 56, 0, 0x20, 1, 0xD, 0xB8, 0, 0, 0);
                yield "subnet";
            }
            case 5 -> {
                draft.option(65_001, octets(random.nextInt(20)));
                yield "option";
            }
            case 6 -> {
                draft.option(12, new int[random.nextInt(40)]);
                yield "padding";
            }
            case 7 -> {
                draft.version = 1 + random.nextInt(255);
                yield "version";
            }
            default -> {
                draft.edns = 0x4000 >> random.nextInt(14);
                yield "edns-flags";
            }
        };
    }

    private String malformed(Draft draft) {
        return switch (random.nextInt(18)) {
            case 0 -> {
                draft.cut = 12 + random.nextInt(Math.max(1, draft.octets().length - 12));
                yield "cut";
            }
            case 1 -> {
                draft.cut = random.nextInt(12);
                yield "cut-header";
            }
            case 2 -> {
                draft.trailing = octets(1 + random.nextInt(9));
                yield "trailing";
            }
            case 3 -> {
                draft.counts[0] = 0;
                draft.withoutQuestion = true;
                if (random.nextBoolean()) {
                    draft.edns(1_232, false);
                    draft.option(10, octets(8));
                    yield "only-cookie";
                }
                yield "no-question";
            }
            case 4 -> {
                draft.counts[0] = 2;
                draft.secondQuestion = true;
                yield "two-questions";
            }
            case 5 -> {
                draft.counts[0] = pick(new int[] {2, 0, 255, 65_535});
                yield "questions-count";
            }
            case 6 -> {
                draft.name = new byte[] {(byte) 0xC0, pick(new int[] {0, 12, 4}) == 0 ? (byte) 0 : 12};
                yield "pointer";
            }
            case 7 -> {
                draft.name[0] = (byte) pick(new int[] {0x40, 0x80, 0xBF});
                yield "label";
            }
            case 8 -> {
                draft.counts[1] = 1;
                draft.extra = record(1, 4);
                yield "answer";
            }
            case 9 -> {
                draft.counts[1 + random.nextInt(3)] = 1 + random.nextInt(3);
                yield "counts";
            }
            case 10 -> {
                draft.flags |= 0x8000;
                yield "response";
            }
            case 11 -> {
                draft.edns(1_232, false);
                draft.twoOpts = true;
                yield "two-opts";
            }
            case 12 -> {
                draft.edns(1_232, false);
                draft.optOwner = true;
                yield "opt-owner";
            }
            case 13 -> {
                draft.edns(1_232, false);
                badSubnet(draft);
                yield "bad-subnet";
            }
            case 14 -> {
                draft.edns(1_232, false);
                draft.option(10, octets(pick(new int[] {0, 1, 7, 9, 15, 41})));
                yield "bad-cookie";
            }
            case 15 -> {
                draft.edns(1_232, false);
                draft.options.write(0);
                draft.options.write(random.nextInt(20));
                draft.options.write(0);
                yield "bad-option";
            }
            case 16 -> {
                byte[] label = new byte[64];
                Arrays.fill(label, (byte) 'x');
                label[0] = 63;
                ByteArrayOutputStream name = new ByteArrayOutputStream();
                for (int i = 0; i < 4; i++) {
                    name.writeBytes(label);
                }
                name.writeBytes(draft.name);
                draft.name = name.toByteArray();
                yield "long-name";
            }
            default -> {
                draft.counts[2] = 1;
                draft.extra = record(pick(new int[] {1, 6, 2}), 4);
                yield "authority";
            }
        };
    }

    private void badSubnet(Draft draft) {
        switch (random.nextInt(6)) {
            case 0 -> draft.option(8, 0, 1, 24, 0, 192, 0);
            case 1 -> draft.option(8, 0, 1, 33, 0, 192, 0, 2, 1, 1);
            case 2 -> draft.option(8, 0, 1, 20, 0, 192, 0, 0xFF);
            case 3 -> draft.option(8, 0, 3, 8, 0, 1);
            case 4 -> draft.option(8, 0, 1, 24, 24, 192, 0, 2);
            default -> draft.option(8, 0, 1);
        }
    }

    private byte[] record(int type, int length) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0xC0, 12, 0, (byte) type, 0, 1, 0, 0, 0, 9, 0, (byte) length});
        out.writeBytes(bytes(octets(length)));
        return out.toByteArray();
    }

    private int[] octets(int count) {
        return random.ints(count, 0, 256).toArray();
    }

    private int pick(int[] from) {
        return from[random.nextInt(from.length)];
    }

    /** A name of the zone, one near it, or one of elsewhere. */
    private String text() {
        String owner = owners.get(random.nextInt(owners.size()));
        return switch (random.nextInt(16)) {
            case 0 -> "nowhere" + random.nextInt(100) + "." + owner;
            case 1 -> "a.b." + owner;
            case 2, 3 -> owner.replaceFirst("^\\*\\.", "made" + random.nextInt(100) + ".");
            case 4 -> owner.replaceFirst("^\\*\\.", "x.y.z.");
            case 5 -> owner.indexOf('.') < 0 || owner.equals(origin) ? owner : parent(owner);
            case 6 -> random.nextInt(4) == 0 ? outside() : "host" + random.nextInt(50) + "." + origin;
            case 7 -> "*." + owner;
            case 8 -> "none" + random.nextInt(1_000) + ".ent." + origin;
            default -> owner;
        };
    }

    private static String parent(String owner) {
        int dot = owner.indexOf('.');
        while (owner.charAt(dot - 1) == '\\') {
            dot = owner.indexOf('.', dot + 1);
        }
        return owner.substring(dot + 1);
    }

    private String outside() {
        String[] some = {".", "test.", "www.elsewhere.test.", "x" + origin, "a.root-servers.net."};
        return some[random.nextInt(some.length)];
    }

    /** On the wire, each letter in a case by chance (0x20) for some names. */
    private byte[] name(String text) {
        try {
            byte[] wire = org.xbill.DNS.Name.fromString(text).toWire();
            if (random.nextInt(3) == 0) {
                for (int i = 0; i < wire.length; i++) {
                    boolean letter = wire[i] >= 'a' && wire[i] <= 'z';
                    wire[i] = letter && random.nextBoolean() ? (byte) (wire[i] - 32) : wire[i];
                }
            }
            return wire;
        } catch (org.xbill.DNS.TextParseException e) {
            // Too long with what was put in front.
            return name(origin);
        }
    }

    private static byte[] bytes(int[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** A message that is still being made. */
    private static final class Draft {
        private int id;
        private int flags;
        private byte[] name = {};
        private int type;
        private int klass = 1;
        private final int[] counts = {1, 0, 0, -1};
        private boolean withoutQuestion;
        private boolean secondQuestion;
        private byte[] extra = {};
        private boolean hasEdns;
        private int payload;
        private int version;
        private int edns;
        private boolean twoOpts;
        private boolean optOwner;
        private final ByteArrayOutputStream options = new ByteArrayOutputStream();
        private int[] trailing = {};
        private int cut = -1;

        void edns(int size, boolean dnssec) {
            hasEdns = true;
            payload = size;
            edns = dnssec ? 0x8000 : 0;
        }

        void option(int code, int... data) {
            options.writeBytes(
                    new byte[] {(byte) (code >> 8), (byte) code, (byte) (data.length >> 8), (byte) data.length});
            options.writeBytes(bytes(data));
        }

        byte[] octets() {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            two(out, id);
            two(out, flags);
            int opts = hasEdns ? twoOpts ? 2 : 1 : 0;
            for (int i = 0; i < counts.length; i++) {
                two(out, i == 3 ? counts[i] < 0 ? opts : opts + counts[i] : counts[i]);
            }
            for (int i = 0; i < (withoutQuestion ? 0 : secondQuestion ? 2 : 1); i++) {
                out.writeBytes(name);
                two(out, type);
                two(out, klass);
            }
            out.writeBytes(extra);
            for (int i = 0; i < opts; i++) {
                opt(out);
            }
            out.writeBytes(bytes(trailing));
            return cut < 0 ? out.toByteArray() : Arrays.copyOf(out.toByteArray(), cut);
        }

        private void opt(ByteArrayOutputStream out) {
            if (optOwner) {
                out.writeBytes(new byte[] {1, 'x'});
            }
            out.write(0);
            two(out, 41);
            two(out, payload);
            out.write(0);
            out.write(version);
            two(out, edns);
            two(out, options.size());
            out.writeBytes(options.toByteArray());
        }

        private static void two(ByteArrayOutputStream out, int value) {
            out.write(value >> 8);
            out.write(value);
        }

        String text() {
            String asked;
            try {
                asked = new org.xbill.DNS.Name(name).toString();
            } catch (java.io.IOException e) {
                asked = "-";
            }
            return asked + " " + org.xbill.DNS.Type.string(type)
                    + (hasEdns ? " edns " + payload + (edns == 0x8000 ? " do" : "") : "");
        }
    }
}
