@NullMarked
package io.plinth.dbproxy.pool;

import org.jspecify.annotations.NullMarked;
