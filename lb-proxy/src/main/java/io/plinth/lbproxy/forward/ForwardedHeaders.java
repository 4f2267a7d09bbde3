package io.plinth.lbproxy.forward;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.kit.net.ProxyProtocol;
import io.plinth.lbproxy.snapshot.TrustedProxies;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The X-Forwarded headers of one client connection. From a client that is not a trusted proxy nothing of the kind is
 * believed: its own are dropped. From a trusted one X-Forwarded-For grows by its address and the rest stays as it came.
 */
public final class ForwardedHeaders {
    /** Names a client could lie with. */
    private static final long ALL = HeaderName.bit(HeaderName.X_FORWARDED_FOR)
            | HeaderName.bit(HeaderName.X_FORWARDED_PROTO)
            | HeaderName.bit(HeaderName.X_FORWARDED_HOST)
            | HeaderName.bit(HeaderName.X_FORWARDED_PORT)
            | HeaderName.bit(HeaderName.FORWARDED);

    private static final byte[] FOR = ascii("X-Forwarded-For: ");
    private static final byte[] HOST = ascii("X-Forwarded-Host: ");
    private static final byte[] VIA = ascii("Via: ");
    private static final byte[] HTTP_10 = ascii("1.0");
    private static final byte[] HTTP_11 = ascii("1.1");
    private static final byte[] HTTP_2 = ascii("2");
    private static final byte[] CRLF = ascii("\r\n");
    private static final byte[] LIST = ascii(", ");

    private final boolean trusted;
    private final String scheme;
    private final InetSocketAddress remote;
    private final InetSocketAddress local;
    private final byte[] address;
    private final byte[] proto;
    private final byte[] port;
    private final byte[] all;
    private final byte[] via;

    ForwardedHeaders(
            Face face, InetSocketAddress client, InetSocketAddress local, boolean trusted, @Nullable String via) {
        this.via = via == null ? new byte[0] : ascii(" " + via + "\r\n");
        this.trusted = trusted;
        scheme = face.scheme();
        remote = client;
        this.local = local;
        String text = client.getAddress() == null
                ? client.getHostString()
                : client.getAddress().getHostAddress();
        address = ascii(text);
        proto = ascii("X-Forwarded-Proto: " + face.scheme() + "\r\n");
        port = ascii("X-Forwarded-Port: " + local.getPort() + "\r\n");
        all = ascii("X-Forwarded-For: " + text + "\r\nX-Forwarded-Proto: " + face.scheme() + "\r\nX-Forwarded-Port: "
                + local.getPort() + "\r\n");
    }

    /** Those of a connection that was accepted. */
    public static ForwardedHeaders of(Face face, Channel channel, TrustedProxies proxies, @Nullable String via) {
        InetSocketAddress remote = inet(ProxyProtocol.remote(channel));
        return new ForwardedHeaders(face, remote, inet(channel.localAddress()), proxies.contains(remote), via);
    }

    private static InetSocketAddress inet(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet : InetSocketAddress.createUnresolved("unknown", 0);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The client's address as text. */
    public String client() {
        return new String(address, StandardCharsets.US_ASCII);
    }

    /** The client's address as text, in bytes. */
    public byte[] address() {
        return address;
    }

    /** Who the client is. */
    public InetSocketAddress remote() {
        return remote;
    }

    /** Where it came in. */
    public InetSocketAddress local() {
        return local;
    }

    /** Whether the client speaks TLS. */
    public boolean secure() {
        return scheme.equals("https");
    }

    /** {@code http} or {@code https}, as the client spoke. */
    public String scheme() {
        return scheme;
    }

    /** Which of the request's own headers are not copied. */
    public long dropped() {
        return trusted ? HeaderName.bit(HeaderName.X_FORWARDED_FOR) : ALL;
    }

    /** An upper bound of what {@link #write} adds. */
    public int size(RequestHead head) {
        int host = head.has(HeaderName.HOST) ? HOST.length + 2 + hostLength(head) : 0;
        // The trusted case repeats values that stand in the head.
        return all.length + host + (trusted ? head.length() : 0) + VIA.length + via.length + 3;
    }

    private static int hostLength(RequestHead head) {
        int field = head.first(HeaderName.HOST);
        return head.valueEnd(field) - head.valueStart(field);
    }

    public void write(ByteBuf out, RequestHead head) {
        if (via.length > 0) {
            // RFC 9110 7.6.3: the version of the message as it came.
            out.writeBytes(VIA);
            out.writeBytes(head.http2() ? HTTP_2 : head.http10() ? HTTP_10 : HTTP_11);
            out.writeBytes(via);
        }
        if (!trusted) {
            out.writeBytes(all);
            writeHost(out, head);
            return;
        }
        out.writeBytes(FOR);
        for (int field = 0; field < head.count(); field++) {
            if (head.id(field) == HeaderName.X_FORWARDED_FOR) {
                int from = head.valueStart(field);
                out.writeBytes(head.bytes(), from, head.valueEnd(field) - from);
                out.writeBytes(LIST);
            }
        }
        out.writeBytes(address);
        out.writeBytes(CRLF);
        if (!head.has(HeaderName.X_FORWARDED_PROTO)) {
            out.writeBytes(proto);
        }
        if (!head.has(HeaderName.X_FORWARDED_PORT)) {
            out.writeBytes(port);
        }
        if (!head.has(HeaderName.X_FORWARDED_HOST)) {
            writeHost(out, head);
        }
    }

    private static void writeHost(ByteBuf out, RequestHead head) {
        if (head.has(HeaderName.HOST)) {
            out.writeBytes(HOST);
            out.writeBytes(head.bytes(), head.valueStart(head.first(HeaderName.HOST)), hostLength(head));
            out.writeBytes(CRLF);
        }
    }
}
