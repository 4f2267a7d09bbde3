@NullMarked
package io.plinth.dbproxy.migrate;

import org.jspecify.annotations.NullMarked;
