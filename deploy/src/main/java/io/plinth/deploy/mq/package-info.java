/** {@code plinth mq}: what an operator does to a broker, over its management API. */
@NullMarked
package io.plinth.deploy.mq;

import org.jspecify.annotations.NullMarked;
