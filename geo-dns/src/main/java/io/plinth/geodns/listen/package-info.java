/**
 * UDP datagrams and TCP connections: bytes in, the answerer's bytes out, and the limits between.
 */
@NullMarked
package io.plinth.geodns.listen;

import org.jspecify.annotations.NullMarked;
