# The gateway's own image. `docker compose up` builds it inside Docker; nothing else has to be installed.
#
# Without a registry: build with Maven first, make a Java image with `runtimes/base-images.sh jdk`, and give
#   --build-arg BUILD_IMAGE=nanogrid-base-jdk:local --build-arg JDK_IMAGE=nanogrid-base-jdk:local --build-arg PREBUILT=true
ARG BUILD_IMAGE=maven:3.9-eclipse-temurin-25
ARG JDK_IMAGE=eclipse-temurin:25-jre

FROM ${BUILD_IMAGE} AS build
# By it a stage that nobody needs any more is found: docker image prune --filter label=nanogrid.build
LABEL nanogrid.build=stage
# true: take what has been built in gateway/target and runtime-plugins/*/target
ARG PREBUILT=false
WORKDIR /src
COPY . .
RUN set -eu; \
    if [ "$PREBUILT" != true ]; then mvn -B -ntp -DskipTests package; fi; \
    mkdir -p /dist/lib /dist/plugins; \
    cp gateway/target/nanogrid-gateway-*.jar /dist/nanogrid-gateway.jar; \
    cp gateway/target/lib/*.jar /dist/lib/; \
    for jar in runtime-plugins/*/target/*.jar; do \
        case "$jar" in */spi/* | */testkit/*) ;; *) cp "$jar" /dist/plugins/ ;; esac; \
    done

FROM ${JDK_IMAGE}
LABEL nanogrid.build=gateway
COPY --from=build /dist /opt/nanogrid-gateway
WORKDIR /opt/nanogrid-gateway
ENV DATA_DIR=/data PLUGINS_DIR=/plugins
VOLUME /data
EXPOSE 8080
CMD ["java", "-XX:+UseSerialGC", "-XX:MaxRAMPercentage=50", "-jar", "nanogrid-gateway.jar"]
