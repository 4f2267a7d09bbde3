@NullMarked
package io.plinth.dbproxy.trace;

import org.jspecify.annotations.NullMarked;
