@NullMarked
package io.plinth.dbproxy.failover;

import org.jspecify.annotations.NullMarked;
