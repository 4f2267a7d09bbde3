package io.plinth.geodns.wire;

import java.util.Arrays;

/**
 * Owned by one event loop and used again for each message: what a client sent, as {@link QueryDecoder} read it. Nothing
 * of it outlives the message.
 */
public final class Query {
    /** No client-subnet option. */
    public static final int NO_SUBNET = -1;

    /** The Internet class. */
    public static final int IN = 1;

    /** Every class (RFC 1035 section 3.2.5). */
    public static final int ANY_CLASS = 255;

    static final int CLIENT_COOKIE = 8;
    static final int LARGEST_COOKIE = 40;
    /** The server cookie of RFC 9018 section 4. */
    public static final int SERVER_COOKIE = 16;

    private static final int MAX_LABELS = 128;
    private static final int PADDING = 8;

    int id;
    int flags;
    ResponseCode error = ResponseCode.NOERROR;
    boolean hasQuestion;
    int nameLength;
    int labels;
    int type;
    int klass;
    boolean edns;
    int version;
    int payloadSize;
    boolean dnssecOk;
    boolean nsid;
    int subnetFamily = NO_SUBNET;
    int subnetPrefix;
    int cookieLength;

    final byte[] name = new byte[Name.MAX_LENGTH + PADDING];
    final byte[] lower = new byte[Name.MAX_LENGTH + PADDING];
    final int[] offsets = new int[MAX_LABELS];
    final int[] hashes = new int[MAX_LABELS];
    final byte[] subnet4 = new byte[4];
    final byte[] subnet16 = new byte[16];
    final byte[] cookie = new byte[LARGEST_COOKIE];
    private final byte[] serverCookie = new byte[SERVER_COOKIE];
    private boolean answersCookie;

    void clear() {
        error = ResponseCode.NOERROR;
        hasQuestion = false;
        nameLength = 0;
        labels = 0;
        clearEdns();
    }

    void clearEdns() {
        edns = false;
        version = 0;
        payloadSize = 0;
        dnssecOk = false;
        nsid = false;
        subnetFamily = NO_SUBNET;
        subnetPrefix = 0;
        cookieLength = 0;
        answersCookie = false;
    }

    public int id() {
        return id;
    }

    /** NOERROR where it can be answered; else what is wrong with the message itself. */
    public ResponseCode error() {
        return error;
    }

    public boolean hasQuestion() {
        return hasQuestion;
    }

    /** Octets of the question's name. */
    public int nameLength() {
        return nameLength;
    }

    /** Labels of the question's name, the root not counted. */
    public int labels() {
        return labels;
    }

    public int type() {
        return type;
    }

    public int klass() {
        return klass;
    }

    /** The name in lower case; its length is {@link #nameLength}. */
    public byte[] lower() {
        return lower;
    }

    /** Where label {@code index} begins in the name. */
    public int offset(int index) {
        return offsets[index];
    }

    /** The hash of the name without its first {@code skip} labels. */
    public int hash(int skip) {
        return hashes[skip];
    }

    /** Whether it came with OPT. */
    public boolean edns() {
        return edns;
    }

    public int version() {
        return version;
    }

    public int payloadSize() {
        return payloadSize;
    }

    public boolean dnssecOk() {
        return dnssecOk;
    }

    public boolean nsid() {
        return nsid;
    }

    /** 1 for IPv4, 2 for IPv6, 0 for a subnet of nobody, {@link #NO_SUBNET}. */
    public int subnetFamily() {
        return subnetFamily;
    }

    /** Bits of the subnet that were given. */
    public int subnetPrefix() {
        return subnetPrefix;
    }

    /** The client's network where the query says so, else {@code source}; each 4 or 16 octets. */
    public byte[] client(byte[] source) {
        return subnetPrefix == 0 ? source : subnetFamily == 1 ? subnet4 : subnet16;
    }

    /** How many bits of {@link #client} are known. */
    public int clientBits(byte[] source) {
        return subnetPrefix == 0 ? source.length * 8 : subnetPrefix;
    }

    /** Octets of the COOKIE option: 8 with a client cookie alone, 0 without the option. */
    public int cookieLength() {
        return cookieLength;
    }

    /** The client cookie, then what the client says is the server's. */
    public byte[] cookie() {
        return cookie;
    }

    /** Where a fresh server cookie goes; {@link #answerCookie} makes the response carry it. */
    public byte[] serverCookie() {
        return serverCookie;
    }

    /** The response says {@link #serverCookie}. */
    public void answerCookie() {
        answersCookie = true;
    }

    boolean answersCookie() {
        return answersCookie;
    }

    /** A name that outlives the message. */
    public Name toName() {
        return Name.trusted(Arrays.copyOf(name, nameLength));
    }

    /** Takes the question of somebody who asks without a message. */
    public void ask(Name asked, int askedType) {
        clear();
        System.arraycopy(asked.octets(), 0, name, 0, asked.length());
        nameLength = asked.length();
        type = askedType;
        klass = IN;
        hasQuestion = true;
        index();
    }

    /** Finds the labels and the hash of each suffix. */
    void index() {
        int at = 0;
        labels = 0;
        for (int length = name[0]; length != 0; length = name[at]) {
            offsets[labels++] = at;
            at += 1 + length;
        }
        offsets[labels] = at;
        hashes[labels] = NameHash.ROOT;
        toLower();
        for (int i = labels - 1; i >= 0; i--) {
            hashes[i] = NameHash.extend(hashes[i + 1], lower, offsets[i]);
        }
    }

    /** Eight octets at a time; a length octet is at most 63, below 'A', so lowering every octet leaves lengths alone. */
    private void toLower() {
        for (int i = 0; i < nameLength; i += Long.BYTES) {
            long word = Octets.littleLong(name, i);
            long low = word & 0x7F7F7F7F7F7F7F7FL;
            long above = low + 0x2525252525252525L;
            long below = low + 0x3F3F3F3F3F3F3F3FL;
            long upper = below & ~above & ~word & 0x8080808080808080L;
            Octets.putLittleLong(lower, i, word | (upper >>> 2));
        }
    }
}
