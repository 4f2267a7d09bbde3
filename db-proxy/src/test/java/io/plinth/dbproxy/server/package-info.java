@NullMarked
package io.plinth.dbproxy.server;

import org.jspecify.annotations.NullMarked;
