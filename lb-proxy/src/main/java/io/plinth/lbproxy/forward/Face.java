package io.plinth.lbproxy.forward;

/**
 * The listener a client came in at.
 *
 * @param name its name in the file
 * @param secure whether it speaks TLS
 */
public record Face(String name, boolean secure) {
    public String scheme() {
        return secure ? "https" : "http";
    }
}
