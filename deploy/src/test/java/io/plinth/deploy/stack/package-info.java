/** The whole stack, started by the script and used through stock clients. */
@NullMarked
package io.plinth.deploy.stack;

import org.jspecify.annotations.NullMarked;
