package io.plinth.mqbroker.wire;

/** What the decoder hands on. */
public sealed interface Frame {
    /** How much of what the client sent is kept as long as the frame is. */
    static int octets(Frame frame) {
        return OVERHEAD
                + switch (frame) {
                    case MethodFrame f -> f.octets();
                    case HeaderFrame f -> f.properties().length;
                    case BodyFrame f -> f.payload().length;
                    default -> 0;
                };
    }

    int TYPE_METHOD = 1;
    int TYPE_HEADER = 2;
    int TYPE_BODY = 3;
    int TYPE_HEARTBEAT = 8;
    int END = 0xCE;
    /** Type, channel and size before the payload, the end octet after it. */
    int OVERHEAD = 8;
    /** The smallest frame_max that may be agreed on (section 4.2.3). */
    int MIN_SIZE = 4096;

    /** The protocol header was right. */
    record Preamble() implements Frame {}

    /** The protocol header was wrong; nothing else follows. */
    record WrongPreamble() implements Frame {}

    /**
     * A method.
     *
     * @param octets of its payload
     */
    record MethodFrame(int channel, Method method, int octets) implements Frame {}

    /**
     * Announces content.
     *
     * @param properties flags and values as they stand on the wire, checked
     */
    record HeaderFrame(int channel, int classId, long bodySize, byte[] properties) implements Frame {}

    record BodyFrame(int channel, byte[] payload) implements Frame {}

    record Heartbeat() implements Frame {}

    /** The octets make no frame; nothing else follows. */
    record Malformed(int channel, AmqpException error) implements Frame {}
}
