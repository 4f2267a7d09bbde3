/**
 * Who a client is: users -&gt; verifier -&gt; SCRAM exchange.
 */
@NullMarked
package io.plinth.dbproxy.auth;

import org.jspecify.annotations.NullMarked;
